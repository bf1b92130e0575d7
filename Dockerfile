# The local endpoint, for tests that run in containers:
#   docker build --tag kcli . && docker run --rm -p 127.0.0.1:4566:4566 -v "$PWD:/project" kcli
# With `-v kcli-state:/state` the records outlive the container.
FROM python:3.13-slim AS build
WORKDIR /kcli
COPY . .
# The versions that the tests ran with, as constraints: a lock with hashes would refuse our wheel.
RUN sed -E '/^( |#)/d; s/ *\\$//' requirements.lock > /constraints.txt \
    && pip install --quiet --no-cache-dir --target /build 'hatchling>=1.27' \
    && PYTHONPATH=/build python -m hatchling build --target wheel --directory /wheels

FROM python:3.13-slim
COPY --from=build /constraints.txt /constraints.txt
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --quiet --no-cache-dir --root-user-action ignore --constraint /constraints.txt \
        "$(echo /wheels/*.whl)[local,isolated,payloads]" \
    && useradd --create-home kcli \
    && install --directory --owner kcli /project /state
USER kcli
WORKDIR /project
VOLUME /state
# Tells kcli that this is a container, whatever runs it.
ENV container=docker
EXPOSE 4566
HEALTHCHECK --start-period=10s --interval=5s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 4566), 3)"]
ENTRYPOINT ["kcli"]
CMD ["local", "start", "--in-container", "--port", "4566", "--state", "/state"]
