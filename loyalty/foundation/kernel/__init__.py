"""Pure Python basics: ids, points quantity, money, period, actor, errors and the clock port."""
