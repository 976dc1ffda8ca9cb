"""Charts of a plan, one per module, drawn from the tables of :mod:`planner.plan_charts`."""
