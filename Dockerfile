# One image for the API (default), the worker and the migrations:
#   docker run … intelligence-backend
#   docker run … intelligence-backend python -m backend worker

FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.txt .
# Wheels alone: there is no compiler here.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.12-slim
ENV PATH="/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8000
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin backend
WORKDIR /app
COPY --from=build /venv /venv
COPY backend backend
COPY migrations migrations
COPY alembic.ini .
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
# A shell, so that PORT is read; exec, so that the server gets the signals.
CMD ["sh", "-c", "exec python -m backend serve --host 0.0.0.0 --port ${PORT}"]
