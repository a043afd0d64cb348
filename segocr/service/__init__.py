"""The service beside its flows: processes kept running, logs, troubles and alerts."""
