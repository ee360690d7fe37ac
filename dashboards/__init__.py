"""Grafana dashboards, Prometheus rules and alerts, as code; what they make is committed under `generated/`."""
