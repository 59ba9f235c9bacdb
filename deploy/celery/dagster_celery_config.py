"""Settings of a Celery worker, found by dagster-celery where this folder is on PYTHONPATH:

`PYTHONPATH=deploy/celery celery --app dagster_celery.app worker --queues dagster --concurrency 4`
"""

from __future__ import annotations

import os

broker_url = result_backend = os.environ["PHARMA_CELERY_URL"]
result_expires = 86_400
broker_connection_retry_on_startup = True

# A worker holds no run that it does not work on, and gives none back to the queue that it has begun: so what dies with
# it is its own runs only. They are found by the next tick of inbox_sensor, and their client-months are due again.
worker_prefetch_multiplier = 1
task_acks_late = True
task_reject_on_worker_lost = False

# After this, Redis hands on what a worker has taken and not finished. Dagster ignores a run that comes a second time.
broker_transport_options = {"visibility_timeout": 4 * 3600}

# What runs write goes to the worker's own output as it is.
worker_redirect_stdouts = False

# Readers and pandas keep memory; a fresh process costs a few seconds.
worker_max_tasks_per_child = 200
