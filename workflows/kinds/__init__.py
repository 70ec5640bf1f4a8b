"""Every kind of case, one file each. A new file with a `WORKFLOW` in it is all it takes to add one."""

import pkgutil
from importlib import import_module

from workflows.table import Workflow

WORKFLOWS: dict[str, Workflow] = {
    workflow.name: workflow
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__))
    if isinstance(workflow := getattr(import_module(f"{__name__}.{module}"), "WORKFLOW", None), Workflow)
}
