"""`progress_card`: the plan of a piece of work, replaced as a whole; OpenClaw's parameters.

The card is the call itself: it stands in the conversation, in the journal and in the events, and a
compaction carries the last one over. So there is nothing to keep here.
"""

from typing import Literal

from pydantic import Field, field_validator

from mcp_servers.toolkit import Arguments, Tool, ToolResult

MARKDOWN_BYTES = 8 * 1024
_MARKS = {"pending": " ", "in_progress": ">", "completed": "x"}


class PlanStep(Arguments):
    """One step of the plan."""

    step: str = Field(min_length=1, max_length=500, description="What is to be done.")
    status: Literal["pending", "in_progress", "completed"] = Field(description="How far it is.")


class CardArguments(Arguments):
    """The whole card."""

    markdown: str = Field("", description="Notes for the user, at most 8 KB.")
    plan: tuple[PlanStep, ...] = Field(
        (), max_length=50, description="All steps in their order; at most one in progress."
    )

    @field_validator("markdown")
    @classmethod
    def _short(cls, text: str) -> str:
        size = len(text.encode(errors="surrogatepass"))
        if size > MARKDOWN_BYTES:
            raise ValueError(f"has {size} bytes; at most {MARKDOWN_BYTES} are shown")
        return text

    @field_validator("plan")
    @classmethod
    def _one_at_a_time(cls, plan: tuple[PlanStep, ...]) -> tuple[PlanStep, ...]:
        if sum(step.status == "in_progress" for step in plan) > 1:
            raise ValueError("has more than one step in progress; finish one before the next")
        return plan


def card_tool() -> Tool[CardArguments]:
    """The tool that shows a plan."""

    async def run(arguments: CardArguments) -> ToolResult:
        steps = [f"[{_MARKS[step.status]}] {step.step}" for step in arguments.plan]
        text = "\n".join(["The card is shown.", *steps]) if steps or arguments.markdown else ""
        return ToolResult(text or "The card is cleared.", details=arguments.model_dump(mode="json"))

    description = (
        "Show the user a card with the plan of the work and how far it is. Each call replaces the "
        "whole card; without plan and markdown it is cleared."
    )
    return Tool("progress_card", description, CardArguments, run)
