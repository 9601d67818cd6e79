"""The one HTTP client: origin-bound credentials, GET only, budgets, retries. It knows nothing of SCIM."""
