"""Matches evidence against criteria within a budget; shared by the job types that use Claude. Not a job type itself."""
