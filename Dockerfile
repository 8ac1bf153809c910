# The product in one small image; the workspace is mounted, or copied in by an image of yours that begins with this one.
#
#   docker build -t paceline .
#   docker run --rm --read-only -v ./shop:/workspace:ro paceline check /workspace
#
# Runs as an unprivileged user on a read-only file system. With the embedded bus and store, mount a volume at
# /workspace/.paceline (or wherever paceline.yaml puts them); with Kafka and PostgreSQL nothing is written.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY examples examples
RUN python -m venv /opt/paceline \
 && /opt/paceline/bin/pip install --no-cache-dir ".[kafka,postgres,toggles,user-agent]" \
 && find /opt/paceline -name __pycache__ -type d -prune -exec rm -rf {} + \
 && /opt/paceline/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin paceline
COPY --from=build /opt/paceline /opt/paceline
ENV PATH=/opt/paceline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /workspace
STOPSIGNAL SIGTERM
ENTRYPOINT ["paceline"]
CMD ["--help"]
