"""Writing tasks in other suites' formats; whatever a format cannot hold is reported.

`loss` is the report, `harbor`, `clawgym` and `pinchbench` write one format each, `converting`
chooses among them.
"""

from verify.suites.exports.converting import FORMATS, Conversion, convert
from verify.suites.exports.loss import Loss

__all__ = ["FORMATS", "Conversion", "Loss", "convert"]
