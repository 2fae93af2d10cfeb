"""The browser of these tests."""

from tests.report.chromium import browser as browser
