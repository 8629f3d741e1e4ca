"""All of the project's metadata; `pyproject.toml` holds only tools' settings."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (HERE / "holybalance" / "version.py").read_text("utf-8")
)
if VERSION is None:
    raise SystemExit("holybalance/version.py has no __version__")

# The folder cli/ is installed as holybalance_cli: a top-level package named `cli`
# would clash with other projects' own.
CLI_PACKAGES = [
    "holybalance_cli",
    *map("holybalance_cli.{}".format, find_packages("cli")),
]

setup(
    name="holybalance",
    version=VERSION[1],
    description="A blocking client that balances LLM calls over keys, endpoints "
    "and providers, without asyncio",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["holybalance", "holybalance.*"]), *CLI_PACKAGES],
    package_dir={"holybalance_cli": "cli"},
    package_data={
        "holybalance": ["py.typed"],
        "holybalance.config": ["catalog.toml"],
        "holybalance_cli": ["py.typed"],
    },
    install_requires=[
        "certifi",
        "click>=8.1",
        "httptools>=0.6.2",
        "orjson>=3.9",
        "pybreaker>=1.4.1",
        "requests>=2.32",
        "rich>=13.7",
        "tenacity>=9.0",
        "urllib3>=2.2,<3",
    ],
    extras_require={
        "redis": ["redis>=5.0.1"],
        "vertex": ["google-auth>=2.30"],
        "test": [
            # The providers' own packages: what we send and read is held against them.
            "anthropic>=2.10",
            "google-auth>=2.30",
            "google-genai>=3.4",
            "hypothesis>=6.100",
            "openai>=3.50",
            "pytest>=8.0",
            "trustme>=1.1",
        ],
    },
    entry_points={"console_scripts": ["holybalance = holybalance_cli.main:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
)
