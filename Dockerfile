# Slipway in a container: docs/install.md has the flags that `docker run` needs, and why.

FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    ca-certificates gcc libc6-dev libfuse3-dev pkg-config python3-dev python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/slipway
# Packages first: they change less often than our own code.
COPY requirements.lock ./
RUN python3 -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/
COPY scripts/lib/setup.sh scripts/lib/
RUN bash -euc 'source scripts/lib/setup.sh; set_up_frontend_packages'
COPY . .
RUN bash -euc 'source scripts/lib/setup.sh; set_up_frontend' \
 && .venv/bin/uv pip install --python .venv --no-cache --no-deps --no-build-isolation --editable . \
 && rm -rf frontend/node_modules

FROM debian:12-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    ca-certificates fuse3 git iproute2 less nano openssh-client procps python3 ripgrep runc slirp4netns tini uidmap vim-tiny \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/slipway /opt/slipway
ENV PATH=/opt/slipway/.venv/bin:$PATH \
    SLIPWAY_HOST=0.0.0.0 \
    SLIPWAY_DATA_DIR=/var/lib/slipway
VOLUME /var/lib/slipway
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
# tini reaps what the sandboxes leave to process 1.
ENTRYPOINT ["tini", "--", "/opt/slipway/scripts/container"]
CMD ["serve"]
