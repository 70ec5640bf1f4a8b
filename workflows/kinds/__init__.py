"""Every kind of case, one file each. A new file with a `WORKFLOW` in it is all it takes to add one."""

import pkgutil
from importlib import import_module

from workflows.table import Step, Workflow

WORKFLOWS: dict[str, Workflow] = {
    workflow.name: workflow
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__))
    if isinstance(workflow := getattr(import_module(f"{__name__}.{module}"), "WORKFLOW", None), Workflow)
}


def workflow_of(reference: str) -> Workflow | None:
    """The kind of case that such references begin with, or None."""
    prefix = reference.strip().upper()[:3]
    return next((one for one in WORKFLOWS.values() if one.prefix == prefix), None)


def step_of(reference: str, name: str) -> Step | None:
    """The step called `name` of the kind of case that such references begin with, or None."""
    workflow = workflow_of(reference)
    return next((step for step in workflow.steps if step.name == name), None) if workflow else None
