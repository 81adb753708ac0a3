"""Compiles what a request to fsquota passes through, whenever the package is built or installed."""

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from mypyc.build import mypycify
from setuptools import Distribution

COMPILED = (
    "backing",
    "changes",
    "counter",
    "extended",
    "filesystem",
    "ledger",
    "loop",
    "operations",
    "placement",
    "tree",
)


class Compilation(BuildHookInterface[Any]):
    """The machine's code lies beside the modules, and Python prefers it. Without it they run as they are, slower."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for compiled_before in Path("fsquota").glob("*.so"):
            compiled_before.unlink()
        with tempfile.TemporaryDirectory() as folder:
            modules = [f"fsquota/{name}.py" for name in COMPILED]
            # Not mypy's usual folder: a check of the types after this one would begin anew.
            arguments = [f"--cache-dir={folder}/types", *modules]
            extensions = mypycify(arguments, group_name="fsquota.compiled", debug_level="0", target_dir=folder)
            build = Distribution({"name": "fsquota", "ext_modules": extensions}).get_command_obj("build_ext")
            build.inplace = True
            build.build_lib = build.build_temp = folder
            build.ensure_finalized()
            build.run()
        build_data["artifacts"].append("/fsquota/*.so")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
