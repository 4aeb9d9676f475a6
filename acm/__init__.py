"""ACM: everything is a page; a case is a page with a plan."""

__version__ = "0.1.0"
