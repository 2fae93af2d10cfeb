"""What `flue_client_ext.doctor` consists of: requests that change nothing, and what their outcomes
say."""
