"""What is wrong with a document, in one line: pydantic's own words take several and a link."""

from pydantic import ValidationError

_SHOWN = 3


def explain(error: ValidationError, whole: str = "document") -> str:
    """`place: problem; place: problem`, for the first few problems, and how many more there are.

    `whole` is what the document is called where it is wrong as a whole.
    """
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = [
        f"{'.'.join(map(str, problem['loc'])) or whole}: {problem['msg']}"
        for problem in problems[:_SHOWN]
    ]
    more = len(problems) - len(said)
    return "; ".join([*said, f"and {more} more"] if more else said)
