"""What a report shows beside findings: each file a pure function from the view to lines of :mod:`scimaudit.result`."""
