"""The JSONLogic engine, profile "loyalty-jsonlogic 1": one meaning in Python, in SQL and in words."""
