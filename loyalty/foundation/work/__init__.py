"""Long work as rows: claimed with a lease, with progress, error and result; Celery only rings the bell."""
