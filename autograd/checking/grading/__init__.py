"""The grading of a student's Value class: operations, one pass backwards, several passes."""
