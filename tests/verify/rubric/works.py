"""Tasks with rubrics, workspaces, and office files written by hand."""

import importlib.util
import io
import json
import zipfile

import pytest

from clawgym.files import Files
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from verify.rubric.rubric import BANDS, Criterion, Rubric


def criterion(name: str, *, weight: float = 1.0, target: str | None = None) -> Criterion:
    return Criterion(
        id=name,
        name=name.capitalize(),
        weight=weight,
        target=target,
        bands={band: f"{name} is {band}" for band in BANDS},
    )


RUBRIC = Rubric(criteria=(criterion("clarity"), criterion("depth", weight=3.0)))


def judged_task(
    rubric: Rubric | str = RUBRIC,
    *,
    script: str | None = 'echo 1 > "${CLAWGYM_LOGS:-/logs}/verifier/reward.txt"\n',
    workspace: Files | None = None,
    **settings: float,
) -> Task:
    tests = {"rubric.toml": rubric if isinstance(rubric, str) else rubric.dumps()}
    if script is not None:
        tests["test.sh"] = "#!/bin/sh\n" + script
    metadata = Metadata(clawgym=ClawGymMetadata.model_validate({"kind": "import", **settings}))
    return Task(
        id="essay",
        instruction="Write an essay on rivers to `output/essay.md`.",
        config=TaskConfig(task=TaskName(name="test/essay"), metadata=metadata),
        workspace=workspace or Files({"notes.txt": "rivers are long\n"}),
        tests=Files(tests),
    )


def delivered(**files: str | bytes) -> Files:
    """The workspace of `judged_task` with more files; `__` in a name is a slash, `_` a dot."""
    named = {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
    return Files({"notes.txt": "rivers are long\n", **named})


def without_pypdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where the extra `pdf` is not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "pypdf" else find(name, *rest),
    )


def zipped(parts: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str, **parts: str) -> bytes:
    """`body` is the inner XML of `w:body`; `title` a property."""
    files: dict[str, str | bytes] = {
        "word/document.xml": f"<w:document {_W}><w:body>{body}</w:body></w:document>"
    }
    if "title" in parts:
        files["docProps/core.xml"] = (
            '<cp:coreProperties xmlns:cp="urn:core" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{parts['title']}</dc:title></cp:coreProperties>"
        )
    return zipped(files)


def xlsx(rows: str, *, strings: str = "", styles: str = "", state: str = "visible") -> bytes:
    """`rows` is the inner XML of `sheetData`, `strings` that of `sst`, `styles` of `styleSheet`."""
    spreadsheet = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return zipped(
        {
            "xl/workbook.xml": f'<workbook {spreadsheet} xmlns:r="{relations}"><sheets>'
            f'<sheet name="Data" sheetId="1" state="{state}" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationships xmlns="urn:r">'
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f"<worksheet {spreadsheet}><sheetData>{rows}</sheetData>"
            "</worksheet>",
            "xl/sharedStrings.xml": f"<sst {spreadsheet}>{strings}</sst>",
            "xl/styles.xml": f"<styleSheet {spreadsheet}>{styles}</styleSheet>",
        }
    )


def answer(bands: dict[str, float], *, suspicions: tuple[str, ...] = ()) -> str:
    opinions = {name: {"reason": f"because of {name}", "band": b} for name, b in bands.items()}
    return json.dumps({"criteria": opinions, "suspicions": suspicions})
