"""Where people are told: a log, a webhook, Slack, PagerDuty, mail."""
