"""Notes as workers write them: long, and full of other people. Every one is invented."""

from __future__ import annotations

from dataclasses import dataclass

SOCIAL_CARE = "Children’s social care"
# What the reviewers of the demo take out, word for word.
CONFIDENCES = (
    "told me in confidence that she has been treated for depression since the spring",
    "asked me to promise that nobody would ever hear that it was she who rang",
    "said that his own court case was about money he owed to his brother",
)


@dataclass(frozen=True)
class Text:
    """A note with blanks: {c} child, {m} the first carer, {o} the other parent, {s} brother or sister, {a} aunt,
    {n} neighbour, {w} social worker, {gp} doctor, {school}, {he}/{him}/{his} of the child; {m1} is a forename."""

    words: str
    category: str = "social care"
    opinion: bool = False
    upsetting: str = ""


TEXTS = (
    Text(
        "Duty call taken at 16.40. {n}, who lives two doors away, rang about shouting in the evenings, and asked "
        "me to promise that nobody would ever hear that it was she who rang. She has seen {c} alone on the wall "
        "by the canal three times this month, once without a coat, and is worried that nobody comes home before "
        "eight. She does not think that {m} is unkind. She thinks that {m1} is worn out. I explained what we "
        "would do next, that we would speak to the family ourselves, and that we cannot tell her what came of it."
    ),
    Text(
        "Home visit, announced. {m} opened the door and made tea. {c} showed me the model boat {he} is building "
        "out of lolly sticks and would not be hurried. {m1} said that she works late on Tuesdays and Thursdays "
        "and that her sister, {a}, comes then. {a} was there, and later, when we were alone in the kitchen, told "
        "me in confidence that she has been treated for depression since the spring. The flat was warm and tidy. "
        "There was food in the fridge. {c} ate two helpings of soup while we talked and corrected me twice about "
        "the names of sails."
    ),
    Text(
        "Telephone call from {school}. {c} was late on four days and on two of them had no breakfast. The class "
        "teacher thinks that {n} brings {him} to the gate when it rains. {c} is well liked, reads ahead of what "
        "is usual at this age, and falls asleep after lunch. The school will offer a place at the breakfast club "
        "and has asked us not to make more of it than it is.",
        category="education",
    ),
    Text(
        "Visit to {o} at his address. He was polite and a little short with me. He said that his own court case "
        "was about money he owed to his brother and has nothing to do with the children. He sees {c} every second "
        "weekend and would like to see {him} more. In his view {m} puts things into {c}’s head. When I asked what "
        "he meant he gave the example of a school play that he was not told about. {s} was there too, and said "
        "that the weekends are all right, but long.",
        upsetting="It tells of a quarrel between parents.",
    ),
    Text(
        "Strategy discussion with {w} and {gp}. The doctor has no worries about growth or health. It was agreed "
        "that the threshold for an enquiry is not met, that a family support worker should be offered, and that "
        "{w} visits once more before the case is closed. In my opinion {m} finds it hard to say when she needs "
        "help, and {o} finds it hard to hear it.",
        opinion=True,
    ),
    Text(
        "Direct work with {c} at {school}. We drew a map of the people who matter. {c} put {m1} in the middle, "
        "{s} and the cat next to her, {a} in a house of her own with a very large chimney, and {o1} on a bus. "
        "When I asked where the bus was going {he} said it goes round and round. {c} would like a bicycle, would "
        "like {a} to stop smoking, and would like the shouting to stop. {he_cap} did not want to say more about "
        "the shouting and I did not press {him}.",
        upsetting="A child talks about shouting at home.",
    ),
    Text(
        "Letter from {gp}, summarised. Asthma, mild, well controlled. Inhaler before sport. Weight and height on "
        "the lines they have always followed. Vaccinations complete. {m} always comes to the appointments. "
        "Nothing to report otherwise.",
        category="health",
    ),
    Text(
        "Supervision. I told my manager that I am unsure what weight to give to the call by {n}, who has rung "
        "about three families in our street list this year and was right about one. We agreed to rely on what we "
        "have seen ourselves. What we have seen is a tired parent, a clever child and a cold stairwell.",
        opinion=True,
    ),
    Text(
        "Family meeting at the centre. Present: {m}, {a}, {w} and I. {o} had been asked and sent word that his "
        "shift was changed. {m1} has new hours from next month and will be home by five on four days out of five. "
        "{a} will have {c} and {s} on Tuesdays. {w} will help with the form for the uniform grant. Everybody "
        "signed the plan, {c} with a drawing of an anchor."
    ),
    Text(
        "Unannounced visit. Nobody in. {n} came out and told me a good deal that I had not asked. I thanked her "
        "and said that I could not talk about the family. Card left. {m} rang within the hour from work, rather "
        "upset that the neighbours had seen me, and asked that next time I ring first. I said that I would where "
        "I can."
    ),
    Text(
        "Telephone call with {o}. He has read the plan and agrees with it, apart from the sentence about the "
        "school play, which he calls unfair. I offered to add his own words: he writes that he was never told the "
        "day. He asked whether he may see the whole file. I explained how he can ask for it, that {m} can too, "
        "and that {c} has a right to it of {his} own when {he} is old enough to understand what it means."
    ),
    Text(
        "Closing summary. {m} has changed her hours, {a} minds {c} and {s} on Tuesdays until six, the school has "
        "seen no late mornings since the half term, and the family does not want further help. {c} gave me a "
        "boat. The family was told how to reach us, and that the record is kept and can be asked for. {w} agrees "
        "that the case is closed."
    ),
)
SHORT = (
    Text(
        "{m} rang. The family has moved house within the town; the new address is noted. {c} stays at {school}.",
        "contact",
    ),
    Text("Uniform grant paid for {c} and {s}. {m} thanked us and asked that post goes to her, not to {o}.", "contact"),
    Text(
        "{school} asks who may collect {c}. Told: {m}, and {a} on Tuesdays. Not {o} without a call first.", "education"
    ),
    Text("Height and weight check at {gp}’s practice: all well. Next one in a year.", "health"),
    Text("{c} won second prize in the reading week. {m} wanted it on the file. It is on the file.", "education"),
)
