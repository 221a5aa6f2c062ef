"""The workbook: the current state and intervals for people who live in spreadsheets."""
