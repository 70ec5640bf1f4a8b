"""The rules on which the decision about a challenged line can rest, as staff choose them and letters quote them.

What is stored of a decision is the key; UK GDPR unless another law is named (R-100 to R-110, R-152).
"""

from collections.abc import Mapping

from workflows.words import mark as _

RULES: Mapping[str, str] = {
    #
    "inaccurate": _("Articles 5(1)(d) and 16: what is not accurate is put right"),
    "incomplete": _("Article 16: what is incomplete is completed"),
    "accurate": _("Article 5(1)(d): it was looked into, and it is accurate"),
    "in_part": _("Article 16: a part of it is not accurate, the rest is"),
    #
    "opinion": _("Article 5(1)(d): an opinion may stay where it is plain that it is one, and whose"),
    "mistake": _("Article 5(1)(d): a mistake that was put right may stay, if it is shown as one"),
    "allegation": _("Article 5(1)(d): an allegation that was recorded rightly may stay, with what became of it"),
    #
    "contested": _("Article 18(1)(a): its use is restricted while it is looked into"),
    "evidence": _("Article 18(1)(b) and (c): it must stay as it is, so its use is restricted"),
    #
    "statement": _("Article 16: a statement stands beside it"),
    #
    "not_needed": _("Article 17(1): there is no reason left to keep it"),
    "kept_by_law": _("Article 17(3)(b): the law says how long it is kept"),
    #
    "somebody_else": _("Articles 5(1)(d) and 15(4): it is about another person"),
}


def rule_in_words(rule: str) -> str:
    """The rule as a letter quotes it; what is no key of RULES stays as it was written."""
    return RULES.get(rule, rule)
