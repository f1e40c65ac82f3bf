# Stage one builds the wheel and the locked environment; stage two carries only what serving needs.
FROM python:3.12-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /usr/local/bin/uv
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY riskscore riskscore
COPY service service
COPY sops sops
COPY models models
RUN uv export --frozen --no-dev --no-emit-project --output-file /tmp/requirements.txt \
 && uv build --wheel --out-dir /tmp/wheel \
 && python -m venv /opt/riskscore \
 && uv pip install --python /opt/riskscore/bin/python --requirement /tmp/requirements.txt /tmp/wheel/*.whl

FROM python:3.12-slim
COPY --from=build /opt/riskscore /opt/riskscore
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin riskscore
USER 10001
ENV PATH=/opt/riskscore/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=15s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["riskscore"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
