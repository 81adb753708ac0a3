"""What is in the code of a model."""

from typing import Literal

from ide_server.wire.base import FunctionName, Message

ProblemKind = Literal["syntax", "import", "exception", "no_code", "out_of_time", "terminated"]


class CodeProblem(Message, frozen=True):
    """What is wrong with a model's code. Line and column count from 1; 0: it is in no line."""

    path: str
    line: int
    column: int
    message: str
    kind: ProblemKind


class CodeCheck(Message, frozen=True):
    """What the code defines, and what is wrong with it."""

    functions: list[FunctionName]
    problems: list[CodeProblem]
