"""`tests/checks.json`: every check of one task."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from clawgym.reward import CheckRole
from verify.checks.documents import (
    CodeCheck,
    HeadingsCheck,
    HtmlElementsCheck,
    LinksCheck,
    SectionCheck,
)
from verify.checks.files import (
    AbsentCheck,
    ExistsCheck,
    ModeCheck,
    MovedCheck,
    TextCheck,
    TreeCheck,
    UnchangedCheck,
)
from verify.checks.programs import (
    FunctionCallsCheck,
    IdempotentCheck,
    Program,
    ProgramExitCheck,
    ProgramFilesCheck,
    ProgramJsonCheck,
    ProgramOutputCheck,
)
from verify.checks.prose import DateCheck, LinesCheck, NumberCheck, PatternCheck, PhrasesCheck
from verify.checks.records import ArchiveCheck, CellsCheck, EventsCheck, MessagesCheck
from verify.checks.rows import ConfigCheck, FigureCheck, RowLayoutCheck, RowsCheck, TitleCheck
from verify.checks.structured import OnlyChangedCheck, SchemaCheck, ValuesCheck, XmlValuesCheck
from verify.checks.tables import TableCheck
from verify.checks.transcripts import SaidCheck, ToolCallsCheck

Check = Annotated[
    AbsentCheck
    | ArchiveCheck
    | CellsCheck
    | CodeCheck
    | ConfigCheck
    | DateCheck
    | EventsCheck
    | ExistsCheck
    | FigureCheck
    | FunctionCallsCheck
    | HeadingsCheck
    | HtmlElementsCheck
    | IdempotentCheck
    | LinesCheck
    | LinksCheck
    | MessagesCheck
    | ModeCheck
    | MovedCheck
    | NumberCheck
    | OnlyChangedCheck
    | PatternCheck
    | PhrasesCheck
    | ProgramExitCheck
    | ProgramFilesCheck
    | ProgramJsonCheck
    | ProgramOutputCheck
    | RowLayoutCheck
    | RowsCheck
    | SaidCheck
    | SchemaCheck
    | SectionCheck
    | TableCheck
    | TextCheck
    | TitleCheck
    | ToolCallsCheck
    | TreeCheck
    | UnchangedCheck
    | ValuesCheck
    | XmlValuesCheck,
    Field(discriminator="type"),
]


class CheckSet(BaseModel):
    """`tests/checks.json`: the checks, and the programs that must have run before them.

    Raises:
        ValueError: no core check carries weight, so that nothing could be earned; or a check names
            a program that is not there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    checks: tuple[Check, ...]
    programs: tuple[Program, ...] = ()

    @model_validator(mode="after")
    def _can_be_earned(self) -> Self:
        if not any(check.role is CheckRole.CORE and check.weight > 0 for check in self.checks):
            raise ValueError("at least one core check must carry weight")
        return self

    @model_validator(mode="after")
    def _programs_are_there(self) -> Self:
        known = [program.id for program in self.programs]
        if len(set(known)) < len(known):
            raise ValueError("two programs share an id")
        for check in self.checks:
            if (name := getattr(check, "program", None)) is not None and name not in known:
                raise ValueError(
                    f"the check {check.id!r} needs a program {name!r}, and there is none"
                )
        return self
