"""From parts to one score: code checks and, where there is one, a rubric."""


def combine(
    code: float,
    rubric: float | None,
    *,
    code_weight: float = 0.7,
    rubric_weight: float = 0.3,
    code_floor: float = 0.5,
) -> float:
    """The score in [0, 1]: `0.7 code + 0.3 rubric` (arXiv:2604.26904), gated.

    Without a rubric the code score stands alone. Below `code_floor` the rubric earns nothing, so
    that pleasing prose cannot buy back work that was not done. One of the weights is positive.
    """
    if rubric is None:
        return min(1.0, max(0.0, code))
    earned = rubric if code >= code_floor else 0.0
    score = (code_weight * code + rubric_weight * earned) / (code_weight + rubric_weight)
    return min(1.0, max(0.0, score))
