"""What a watchlist costs, and how late something is noticed, reckoned before anybody runs it. Pure.

Says of nothing that it is so: whether a site answers, and how fast, is not known here.
"""

from watcher.forecast.cost import Cost, cost_of
from watcher.forecast.delay import ANSWER, Delay, Wait, delay_of, wait_on
from watcher.forecast.forecast import Forecast, Group, Host, forecast

__all__ = ["ANSWER", "Cost", "Delay", "Forecast", "Group", "Host", "Wait", "cost_of", "delay_of", "forecast", "wait_on"]
