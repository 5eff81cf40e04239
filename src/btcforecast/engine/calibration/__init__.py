"""Whether forecasts may be published: health, the gate's rule, promotion and drift, all pure."""
