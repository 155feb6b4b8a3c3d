"""Matching evidence against criteria within a budget: what the job types that ask Claude share. Not a job type itself."""
