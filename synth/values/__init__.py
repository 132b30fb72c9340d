"""What artifacts hold, in memory: the truth that files are written from and checks are made of.

base     what every value can do
rows     tables, records, and the entries of logs, mailboxes and calendars
report   Markdown reports
config   INI settings
"""

from synth.values.base import Step, Value
from synth.values.config import Config
from synth.values.plain import Cell, Row, plain
from synth.values.report import Report
from synth.values.rows import ROW_KINDS, Better, Field, Role, RowSet, Scale, Subject, Use, matter

__all__ = [
    "ROW_KINDS",
    "Better",
    "Cell",
    "Config",
    "Field",
    "Report",
    "Role",
    "Row",
    "RowSet",
    "Scale",
    "Step",
    "Subject",
    "Use",
    "Value",
    "matter",
    "plain",
]
