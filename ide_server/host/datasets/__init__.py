"""Named lists of entries by key, which every model may use as inputs."""

from ide_server.host.datasets.columns import DatasetColumn
from ide_server.host.datasets.datasets import Content, Datasets, Reading

__all__ = ["Content", "DatasetColumn", "Datasets", "Reading"]
