# The image of watcher: the program, what it needs to run, a sample configuration. docs/how-to/docker.md says how to use it.
#   make image            builds it
#   tests/container/check.sh  builds it and runs it as it should be run: read-only, without root or any capability

FROM python:3.12-slim-bookworm AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# First what changes seldom: these layers are kept while the versions stay.
COPY requirements-build.txt requirements-run.txt ./
RUN python -m venv --without-pip /opt/watcher \
 && pip install --require-hashes --only-binary :all: -r requirements-build.txt \
 && pip --python /opt/watcher/bin/python install --require-hashes --only-binary :all: -r requirements-run.txt
COPY pyproject.toml README.md LICENSE ./
COPY watcher watcher
RUN pip wheel --no-build-isolation --no-deps --no-index --wheel-dir /dist . \
 && pip --python /opt/watcher/bin/python install --no-deps --no-index /dist/*.whl

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="watcher" \
      org.opencontainers.image.description="Says when a public profile page is gone, and for how long" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV PATH=/opt/watcher/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=builder /opt/watcher /opt/watcher
COPY config/container/watcher.yaml config/watchlist.yaml /etc/watcher/
# A number, so that runAsNonRoot can be checked. An empty volume takes over the owner and mode of /data.
RUN mkdir -m 0700 /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 11102
# That it lives, not that it is ready: a store that fails for a while is no reason to start anew. No proxy is asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 11102, timeout=4); c.request('GET', '/-/healthy'); raise SystemExit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["watcher"]
CMD ["run", "--config", "/etc/watcher/watcher.yaml"]
