"""`python -m dashboards`: writes dashboards, rules and alerts into `dashboards/generated`."""

from dashboards.generating import write

if __name__ == "__main__":
    write()
