"""The page in the browser: composes ``planner.views``, computes nothing."""
