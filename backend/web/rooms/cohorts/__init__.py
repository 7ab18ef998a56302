"""Cohorts: customers by the month of their first order, who came back, and what they brought."""
