"""All of a model's own packages, put together for the page."""

from collections.abc import Mapping

from ide_server.host.files.failures import attempt
from ide_server.host.model_environments import ModelEnvironments
from ide_server.host.mounts import Mounts
from ide_server.host.packages.dependencies import Installed, read_dependencies
from ide_server.host.packages.installed import Distributions, read_own, reinstall_command
from ide_server.wire import InstalledPackage, ModelId, OwnPackages, PackageSet


class Packages:
    def __init__(self, mounts: Mounts, environments: ModelEnvironments) -> None:
        self._mounts = mounts
        self._environments = environments

    async def read(self, model_id: ModelId) -> OwnPackages:
        """Raises ModelNotFound, FilesystemUnavailable."""
        choice, preinstalled = await self._environments.present(model_id)
        mount = await self._mounts.get(model_id)
        return await attempt(mount, "", read_packages, python=choice.python, preinstalled=preinstalled)


def read_packages(root: int, *, python: str, preinstalled: Mapping[str, str]) -> OwnPackages:
    """Of the model whose root folder is open as `root`, for the Python version in use.

    `preinstalled`: version by normalized name of what the environment has. Blocks. Raises OSError where the filesystem
    is out of reach.
    """
    own = read_own(root)
    present = own.get(python, {})
    versions = {name: distribution.version for name, distribution in present.items()}
    installed = Installed(python, {**preinstalled, **versions}, has_own=bool(present))
    return OwnPackages(
        sets=[package_set(python, distributions) for python, distributions in own.items()],
        reinstall_command=reinstall_command(root, own, python=python),
        dependencies=read_dependencies(root, installed),
    )


def package_set(python: str, distributions: Distributions) -> PackageSet:
    packages = [InstalledPackage(each.name, each.version) for each in distributions.values()]
    return PackageSet(python, packages)
