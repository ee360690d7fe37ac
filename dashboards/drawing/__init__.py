"""The dashboards without Grafana: the same panels and queries, asked of Prometheus, drawn as a page and as pictures."""
