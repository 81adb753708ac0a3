"""The Open Inference Protocol v2 over evaluate operations. docs/inference.md has what it speaks."""

from ide_server.host.inference.inference import EvaluationFailed, Inference
from ide_server.host.inference.messages import InferReply, InferRequest, ModelMetadata, ServerMetadata
from ide_server.host.inference.outputs import Reply, Span

__all__ = [
    "EvaluationFailed",
    "InferReply",
    "InferRequest",
    "Inference",
    "ModelMetadata",
    "Reply",
    "ServerMetadata",
    "Span",
]
