"""The words of the act in Russian and in English, by subject: one pair of tables with the same keys in each module."""
