"""Who has to look at the RFC of a request."""

from __future__ import annotations

from paceline.model.integration import Stage
from paceline.model.request import Request
from paceline.model.team import TeamsFile
from paceline.workspace.rfc import first_of_teams


def choose_reviewers(request: Request, option: Stage | None, teams: TeamsFile) -> tuple[list[str], list[str]]:
    """Who must look and who is asked: one of each team that owns or runs it, or decides in a council."""
    names = [request.owner.team if request.owner else "", request.platform_owner]
    if option is Stage.MARATHON:
        for council in teams.councils.values():
            if set(names) & set(council.teams):
                names += council.teams
    asked = [teams.teams[name] for name in dict.fromkeys(names) if name in teams.teams]
    required = first_of_teams(teams, names)
    others = [person.name for team in asked for person in team.people[1:] if person.name not in required]
    return required, list(dict.fromkeys(others))
