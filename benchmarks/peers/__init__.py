"""Those who read: each module holds the ways in which one client reads a run."""
