"""Apache Kafka's own server, fetched once from Maven Central and kept in the user's cache.

Needs Java 17 or later, and Maven the first time. Beside the jars the cache holds a formatted storage folder, so that a
new node need not run a program to format its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from paceline.errors import EnvironmentFaultError

KAFKA_VERSION = "4.1.1"
SLF4J_VERSION = "1.7.36"
CLUSTER_ID = "cGFjZWxpbmUtdGVzdHMtMQ"
_FETCH_SECS = 300
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
QUICK_START = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For tests: a small broker that is soon there."""

UNDER_LOAD = ("-Xmx1g", "-XX:+UseSerialGC")
"""For benchmarks: a broker whose code is compiled as it is in production."""

_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
_pom = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example.paceline</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{SLF4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
_any_node = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=PLAIN://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
listener.security.protocol.map=PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
log.dirs={folder}/formatted
"""


class KafkaFiles:
    """What a node is started from. `folder` has `jars/` and `formatted/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def server(self, properties: Path, java_options: Sequence[str]) -> list[str]:
        """The command line of a node."""
        return ["java", *java_options, _QUIET, "-cp", f"{self.folder / 'jars'}/*", "kafka.Kafka", str(properties)]

    def format(self) -> None:
        """Make `formatted/`, from which the folders of all nodes are copied."""
        properties = self.folder / "format.properties"
        properties.write_text(_any_node.format(folder=self.folder))
        jars = f"{self.folder / 'jars'}/*"
        tool = "kafka.tools.StorageTool"
        _run(["java", "-Xmx128m", "-cp", jars, tool, "format", "-t", CLUSTER_ID, "-c", str(properties)], self.folder)


def find_kafka_files() -> KafkaFiles:
    """The server's files, fetched if they are not there yet. Raises EnvironmentFaultError when that is not possible."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paceline"
    folder = cache / f"kafka-{KAFKA_VERSION}"
    if shutil.which("java") is None:
        raise EnvironmentFaultError(
            "there is no Java", remedy="install a Java runtime: apt-get install openjdk-17-jre-headless"
        )
    if not folder.is_dir():
        _fetch(cache, folder)
    return KafkaFiles(folder)


def _fetch(cache: Path, folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise EnvironmentFaultError("there is no Maven to fetch Kafka with", remedy="apt-get install maven")
    cache.mkdir(parents=True, exist_ok=True)
    # Made aside and moved when complete: several test processes may begin at once.
    with tempfile.TemporaryDirectory(dir=cache, prefix="kafka-") as aside:
        making = KafkaFiles(Path(aside) / "files")
        making.folder.mkdir()
        (making.folder / "pom.xml").write_text(_pom)
        jars = making.folder / "jars"
        _run(["mvn", "-q", "-B", _COPY, f"-DoutputDirectory={jars}", "-DincludeScope=runtime"], making.folder)
        making.format()
        try:
            making.folder.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _run(argv: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # Maven and Java, given as a list, never a shell
            argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_FETCH_SECS, check=False
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentFaultError(f"{argv[0]} has not ended after {_FETCH_SECS} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")[-1500:]
        raise EnvironmentFaultError(f"{argv[0]} ended with status {done.returncode}", remedy=f"it said:\n{said}")
