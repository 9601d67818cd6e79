"""The demonstration: a fictional company's files and a real SCIM service for its apps, on this machine alone."""
