"""What every handler of the host reaches as `request.state`: the owners, made once in the app's lifespan."""

from typing import TypedDict

from ide_server.catalog import Catalog
from ide_server.host.datasets import Datasets
from ide_server.host.environment_files import EnvironmentFiles
from ide_server.host.environments import Environments
from ide_server.host.events import ModelEvents
from ide_server.host.files import Files
from ide_server.host.git import Git
from ide_server.host.inference import Inference
from ide_server.host.languages import Languages
from ide_server.host.launchers import Checks, Operations
from ide_server.host.model_environments import ModelEnvironments
from ide_server.host.models import Models
from ide_server.host.mounted_models import MountedModels
from ide_server.host.mounts import Mounts
from ide_server.host.packages import Packages
from ide_server.host.parameter_files import ParameterFiles
from ide_server.host.ports import Ports
from ide_server.host.sandbox import Sandboxes
from ide_server.host.search import Search
from ide_server.host.snapshots import Snapshots
from ide_server.host.states import States
from ide_server.host.templates import Templates
from ide_server.host.terminals import Terminals
from ide_server.host.variables import Variables
from ide_server.host.workspaces import Workspaces
from ide_server.settings import Settings


class HostState(TypedDict):
    settings: Settings
    catalog: Catalog
    events: ModelEvents
    sandboxes: Sandboxes
    environments: Environments
    model_environments: ModelEnvironments
    environment_files: EnvironmentFiles
    packages: Packages
    mounts: Mounts
    files: Files
    git: Git
    workspaces: Workspaces
    ports: Ports
    search: Search
    terminals: Terminals
    languages: Languages
    states: States
    snapshots: Snapshots
    datasets: Datasets
    parameter_files: ParameterFiles
    operations: Operations
    inference: Inference
    checks: Checks
    templates: Templates
    variables: Variables
    mounted_models: MountedModels
    models: Models
