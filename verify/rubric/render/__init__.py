"""Files as text that a judge can read: one module for each kind of file, `kinds` picks."""

from verify.rubric.render.kinds import Rendering, render

__all__ = ["Rendering", "render"]
