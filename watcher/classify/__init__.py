"""From an exchange to a finding. Pure and total: it never raises, whatever the bytes, and takes linear time.

May not judge (that takes controls and history) and may not fetch.
"""

from watcher.classify.members import is_omitted, members_of
from watcher.classify.rules import Step
from watcher.classify.selector import Selector
from watcher.classify.steps import Classified, classify

__all__ = ["Classified", "Selector", "Step", "classify", "is_omitted", "members_of"]
