// Made from the server's description of the API by "npm run client": change routes or shapes, not this file.

export interface paths {
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who asks, and what they may do
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs this browser out
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        post: operations["postSessionEnd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/end-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs every browser of this person out
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        post: operations["postSessionEndAll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How much there is of each noun
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened in a time, counted
         * @description Needs the role viewer.
         */
        get: operations["getReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changed, as it changes
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Incidents, open ones first, then the worst
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One incident, whole
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidentsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its events as a graph, from who acted to where the model went
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidentsIdGraph"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/pack": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its part of the evidence, verifiable without us; left out what `redact` names
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidentsIdPack"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/pack/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the receiver of such a pack would see
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidentsIdPackPreview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * It in the words of another system
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getIncidentsIdExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives it to somebody, or to nobody
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdAssign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sets its status and verdict
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdStatus"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merges others into it: it holds what they held, and their addresses lead to it
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdMerge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/split": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes alerts out of it into a new incident, and answers with that one
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdSplit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/groupings/{grouping}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Undoes a merging or splitting
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdGroupingsGroupingUndo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds a comment
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdComments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alerts, the latest first
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getAlerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One alert with its events
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getAlertsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events by filter: a hunt
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the events of a filter lie in time, and which values of a field they have most
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getEventsSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events/rule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A filter as a rule to begin with
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getEventsRule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/entity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All that is known of a principal, an address, a key or a place
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        get: operations["getEntity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hunts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The filters of events that are kept
         * @description Needs the role analyst.
         */
        get: operations["getHunts"];
        put?: never;
        /**
         * Keeps a filter of events for everybody
         * @description Needs the role analyst.
         */
        post: operations["postHunts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hunts/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Removes a kept hunt
         * @description Needs the role analyst.
         */
        post: operations["postHuntsRemove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/pins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ties an event to the incident
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdPins"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{id}/pins/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes an event out of it
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postIncidentsIdPinsRemove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Models, registered ones first
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One model with its books
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getModelsName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/watched": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is watched after a confirmed theft, that of the latest first
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getWatched"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/watched/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the watch of a model, principal, host, place or address
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postWatchedEnd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Actions, the latest first
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getActions"];
        put?: never;
        /**
         * Does what was previewed, or proposes it where somebody else must agree
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What an action would do; changes nothing
         * @description Needs the role analyst. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActionsPreview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Agrees to what somebody else proposed; it is done
         * @description Needs the role lead, held by a person. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActionsIdApprove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions/{id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Declines a proposal, or takes one's own back
         * @description Needs the role analyst, held by a person. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActionsIdDecline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions/{id}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes an action back
         * @description Needs the role lead. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActionsIdUndo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/actions/{id}/keep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Puts off the end of an action that expires
         * @description Needs the role lead, held by a person. What lies beyond the asker's spaces is left out.
         */
        post: operations["postActionsIdKeep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sources, and whether each can be seen through
         * @description Needs the role viewer.
         */
        get: operations["getSources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rules and detectors, with how often each spoke
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/rules/backtest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tries rules on stored events; changes nothing
         * @description Needs the role analyst.
         */
        post: operations["postRulesBacktest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/own-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exceptions and rules that people wrote here
         * @description Needs the role viewer.
         */
        get: operations["getOwnRules"];
        put?: never;
        /**
         * Keeps a draft
         * @description Needs the role analyst.
         */
        post: operations["postOwnRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/own-rules/draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An exception to begin with, for an alert or a rule
         * @description Needs the role analyst.
         */
        get: operations["getOwnRulesDraft"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/own-rules/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One of them
         * @description Needs the role viewer.
         */
        get: operations["getOwnRulesName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/own-rules/{name}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs its proofs, and tries an exception on stored alerts
         * @description Needs the role analyst.
         */
        post: operations["postOwnRulesNameCheck"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/own-rules/{name}/stage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Puts it on trial, or ends it; publishing is an action
         * @description Needs the role analyst.
         */
        post: operations["postOwnRulesNameStage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/playbooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All playbooks
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getPlaybooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/playbooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One playbook
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getPlaybooksId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/posture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which controls hold, with what proves it; how models could be taken; what is looked at
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getPosture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/posture/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Controls and coverage as a file for other tools
         * @description Needs the role viewer. What lies beyond the asker's spaces is left out.
         */
        get: operations["getPostureExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The latest scan report
         * @description Needs the role viewer.
         */
        get: operations["getScan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scans/{host}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Scans of one host over time, with what each changed
         * @description Needs the role viewer.
         */
        get: operations["getScansHost"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scans/{host}/signed/{finishedAt}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The result of a scan as its host's agent signed it
         * @description Needs the role viewer.
         */
        get: operations["getScansHostSignedFinishedAt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sets how often a host is asked for a scan
         * @description Needs the role lead.
         */
        post: operations["postHostsIdSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/evidence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that was decided, the latest first
         * @description Needs the role viewer.
         */
        get: operations["getEvidence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/evidence/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Where the evidence log stands now, signed
         * @description Needs the role viewer.
         */
        post: operations["postEvidenceCheckpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Hosts with an agent
         * @description Needs the role viewer.
         */
        get: operations["getHosts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One host, its facts and orders
         * @description Needs the role viewer.
         */
        get: operations["getHostsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}/processes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Its processes that handled weights, as a tree
         * @description Needs the role analyst.
         */
        get: operations["getHostsIdProcesses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What can have left it and where to, and when it was not seen
         * @description Needs the role analyst.
         */
        get: operations["getHostsIdActivity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a token that enrols one host
         * @description Needs the role admin, held by a person.
         */
        post: operations["postHostsEnrolments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks an agent for facts or a scan; a change of the host, or taking one back, needs a lead
         * @description Needs the role analyst.
         */
        post: operations["postHostsIdOrders"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hosts/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends an agent's enrolment
         * @description Needs the role admin, held by a person.
         */
        post: operations["postHostsIdRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gateways": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Gateways that enrolled, and what each last said
         * @description Needs the role viewer.
         */
        get: operations["getGateways"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gateways/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a token that enrols one gateway
         * @description Needs the role admin, held by a person.
         */
        post: operations["postGatewaysEnrolments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gateways/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a gateway's enrolment
         * @description Needs the role admin, held by a person.
         */
        post: operations["postGatewaysIdRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/captures/{id}/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The key of a sealed capture, while an action to open it holds, to which two people agreed
         * @description Needs the role lead, held by a person.
         */
        post: operations["postCapturesIdKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Clients of the gateways, the busiest first
         * @description Needs the role viewer.
         */
        get: operations["getClients"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/clients/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One client, over time
         * @description Needs the role viewer.
         */
        get: operations["getClientsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/client-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Keys of the gateways' clients, without their secrets
         * @description Needs the role viewer.
         */
        get: operations["getClientKeys"];
        put?: never;
        /**
         * Makes a key for a client
         * @description Needs the role lead, held by a person.
         */
        post: operations["postClientKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/client-keys/{gateway}/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a client a new key; the old one ends
         * @description Needs the role lead, held by a person.
         */
        post: operations["postClientKeysGatewayIdRotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/client-keys/{gateway}/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a client's key
         * @description Needs the role lead, held by a person.
         */
        post: operations["postClientKeysGatewayIdRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tokens, without their secrets
         * @description Needs the role admin.
         */
        get: operations["getTokens"];
        put?: never;
        /**
         * Makes a token
         * @description Needs the role admin, held by a person.
         */
        post: operations["postTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{name}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a token a new secret
         * @description Needs the role admin, held by a person.
         */
        post: operations["postTokensNameRotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{name}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a token
         * @description Needs the role admin, held by a person.
         */
        post: operations["postTokensNameRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Accounts and spaces
         * @description Needs the role admin.
         */
        get: operations["getAccounts"];
        put?: never;
        /**
         * Invites a person
         * @description Needs the role admin, held by a person.
         */
        post: operations["postAccounts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/accounts/{name}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invites the person anew: the password, the code and every session end
         * @description Needs the role admin, held by a person.
         */
        post: operations["postAccountsNameReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/accounts/{name}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends an account
         * @description Needs the role admin, held by a person.
         */
        post: operations["postAccountsNameDisable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/accounts/{name}/address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Says whose an account is, so that two of one person are known as such
         * @description Needs the role admin, held by a person.
         */
        post: operations["postAccountsNameAddress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/accounts/{name}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sets an account's roles
         * @description Needs the role admin, held by a person.
         */
        post: operations["postAccountsNameGrants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What actions reach outside by, without the secrets
         * @description Needs the role admin.
         */
        get: operations["getConnections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Looks at the other side of a connection; changes and sends nothing
         * @description Needs the role admin, held by a person.
         */
        post: operations["postConnectionsNameTest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server works */
        get: operations["getHealthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters for Prometheus */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Signs a browser in by a one-time link */
        get: operations["getOpen"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/signed-in.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The script of the page after it */
        get: operations["getSignedInJs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["getOpenapiJson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a browser can sign in here */
        get: operations["getSignIn"];
        put?: never;
        /** Signs a person in */
        post: operations["postSignIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sign-in/provider": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Goes to the identity provider */
        get: operations["getSignInProvider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sign-in/back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Comes back from it */
        get: operations["getSignInBack"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What an invitation is for */
        post: operations["postInvitationsRead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sets the password and signs in */
        post: operations["postInvitationsAccept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a one-time link, for whoever reads the data folder
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postLinks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ingest/{source}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes records, one a line, with a token of their source
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postIngestSource"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ingest/{source}/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes records of a sender that can set no header: its token stands in the address
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postIngestSourceToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes spans by OTLP, with a token of their source
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postV1Traces"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes log records by OTLP, with a token of their source
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postV1Logs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enrols a host
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postAgentsEnrol"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agents/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes an agent's signed report
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postAgentsReport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gateways/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enrols a gateway
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postGatewaysEnrol"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/gateways/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a gateway's signed report
         * @description Asks for the sender's own token or signature.
         */
        post: operations["postGatewaysReport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AcceptBody: {
            token: string;
            password: string;
            code: string;
        };
        Accepted: {
            key: string;
            recoveryCodes: string[];
        };
        AccountBody: {
            name: components["schemas"]["AccountName"];
            grants: components["schemas"]["Grant"][];
            address?: components["schemas"]["PersonAddress"];
        };
        AccountName: string;
        AccountPage: {
            items: components["schemas"]["AccountRow"][];
            total: number;
            spaces: {
                name: string;
                models: string[];
            }[];
        };
        AccountRow: {
            name: string;
            grants: components["schemas"]["Grant"][];
            /** @enum {string} */
            state: "invited" | "active" | "disabled";
            /** @enum {string} */
            by: "password" | "provider";
            address?: string;
            createdAt: number;
            createdBy: string;
            lastSeenAt?: number;
        };
        /** @enum {string} */
        Act: "obtain" | "copy" | "replicate";
        ActionOption: {
            verb: components["schemas"]["ActionVerb"];
            target: string;
            label: string;
            terms?: {
                order: components["schemas"]["HostChange"];
            };
        };
        ActionPage: {
            items: components["schemas"]["ActionRow"][];
            total: number;
            next?: string;
        };
        ActionPreview: {
            verb: components["schemas"]["ActionVerb"];
            target: string;
            title: string;
            effects: string[];
            refused?: string;
            undoable: boolean;
            /** @default person */
            approval: components["schemas"]["Approval"];
            lasts?: number;
            digest: string;
        };
        ActionRow: {
            id: string;
            verb: components["schemas"]["ActionVerb"];
            target: string;
            title: string;
            incident?: string;
            incidentNumber?: number;
            /** @enum {string} */
            state: "pending" | "running" | "verified" | "failed" | "undone" | "declined" | "lapsed";
            by: string;
            reason: string;
            at: number;
            /** @default [] */
            effects: string[];
            /** @default person */
            approval: components["schemas"]["Approval"];
            /** @default  */
            digest: string;
            decideBy?: number;
            decidedBy?: string;
            decidedAt?: number;
            decidedReason?: string;
            verifiedAt?: number;
            seen?: string;
            undoneAt?: number;
            undoneBy?: string;
            undoneReason?: string;
            endsAt?: number;
            undoable: boolean;
            problem?: string;
        };
        ActionTerms: {
            forMs?: number;
            model?: string;
            tell?: string;
            also?: string[];
            requestsPerMinute?: number;
            decimals?: number;
            top?: number;
            bits?: number;
            share?: number;
            pull?: number;
            megabytes?: number;
            order?: components["schemas"]["HostChange"];
            permit?: components["schemas"]["PermitTerms"];
        };
        /** @enum {string} */
        ActionVerb: "quarantine-file" | "stop-process" | "block-egress" | "make-private" | "revoke-deploy-keys" | "notify" | "open-ticket" | "publish-rule" | "open-capture" | "permit" | "throttle" | "strip-logprobs" | "round" | "top-k" | "label-only" | "strip-reasoning" | "challenge" | "suspend" | "mark" | "capture";
        ActivityEntry: {
            seq: number;
            at: number;
            by: string;
            kind: string;
            text: string;
            hash: string;
        };
        AddressBody: {
            address: components["schemas"]["PersonAddress"];
        };
        /** @enum {string} */
        AgentTier: "T0" | "T1" | "T2";
        AlertDetail: {
            alert: components["schemas"]["AlertRow"];
            events: components["schemas"]["Event"][];
            rests?: components["schemas"]["Rests"];
            rule: {
                id: string;
                /** @enum {string} */
                kind: "sigma" | "detector";
                text?: string;
                blindspots: string[];
            };
            playbook?: components["schemas"]["PlaybookText"];
            /** @constant */
            partial?: true;
        };
        AlertPage: {
            items: components["schemas"]["AlertRow"][];
            total: number;
            next?: string;
        };
        AlertRow: {
            id: string;
            rule: string;
            title: string;
            summary: string;
            severity: components["schemas"]["Severity"];
            firstAt: number;
            lastAt: number;
            principal?: string;
            model?: string;
            act?: components["schemas"]["Act"];
            method?: components["schemas"]["Method"];
            events: string[];
            count: number;
            again?: number;
            linked?: {
                members: string[];
                links: {
                    a: string;
                    b: string;
                    p?: number;
                    because: {
                        feature: components["schemas"]["LinkFeature"];
                        p?: number;
                    }[];
                }[];
                falseLinks: number;
                accounts: number;
                capped: boolean;
                retest: components["schemas"]["Retest"];
                alpha?: number;
            };
            /** @default [] */
            matched: {
                field: string;
                value: string;
            }[];
            raisedBy?: string[];
            techniques: components["schemas"]["Technique"][];
            playbook: string;
            incident?: string;
            incidentNumber?: number;
            rests?: components["schemas"]["Rests"];
        };
        /** @enum {string} */
        AnswerDial: "full" | "rounded" | "top-k" | "label-only";
        ApiError: {
            error: string;
            message: string;
        };
        ApplyBody: {
            incident?: string;
            verb: components["schemas"]["ActionVerb"];
            target: string;
            terms?: components["schemas"]["ActionTerms"];
            digest: string;
            reason: string;
        };
        /** @enum {string} */
        Approval: "person" | "two-people";
        ApproveBody: {
            digest: string;
            reason: string;
        };
        Asked: {
            cloud: string;
            /** @constant */
            method: "GET";
            url: string;
            status?: number;
            problem?: string;
        };
        AssignBody: {
            assignee: string | null;
        };
        BacktestBody: {
            /** @default [] */
            texts?: string[];
            rule?: string;
            from: number;
            to: number;
            /** @default  */
            filter?: string;
        };
        BacktestReport: {
            rules: {
                rule: string;
                title: string;
                level: components["schemas"]["Severity"];
                hits: number;
                hidden: number;
                days: {
                    /** Format: date */
                    day: string;
                    hits: number;
                    hidden: number;
                }[];
                principals: number;
                more?: boolean;
                most: {
                    principal: string;
                    hits: number;
                }[];
                examples: {
                    at: number;
                    event: string;
                    source: string;
                    principal: string;
                    model?: string;
                    artifact?: string;
                    count: number;
                    because: {
                        selection?: string;
                        field: string;
                        modifiers: string[];
                        value: string;
                    }[];
                }[];
                hiddenExamples: {
                    at: number;
                    event: string;
                    source: string;
                    principal: string;
                    model?: string;
                    artifact?: string;
                    count: number;
                    because: {
                        selection?: string;
                        field: string;
                        modifiers: string[];
                        value: string;
                    }[];
                }[];
            }[];
            refused: {
                rule: string;
                reason: string;
            }[];
            warnings: string[];
            events: number;
            blind: number;
            first?: number;
            last?: number;
            cut?: string;
        };
        /** @enum {string} */
        Basis: "verified" | "inferred";
        /** @enum {string} */
        Bound: "exact" | "<=";
        CaptureKey: {
            pem: string;
            endsAt?: number;
        };
        Change: {
            /** @enum {string} */
            noun: "incident" | "alert" | "model" | "source" | "action" | "evidence" | "scan" | "host" | "client" | "event" | "rule" | "watch";
            id?: string;
        };
        ChangeLine: {
            what: string;
            says: string;
            before?: string;
        };
        ClientDetail: {
            client: components["schemas"]["ClientRow"];
            points: components["schemas"]["ClientPoint"][];
            actions: components["schemas"]["ActionRow"][];
            incidents: components["schemas"]["IncidentRow"][];
            keys: components["schemas"]["ClientKeyRow"][];
            models: {
                name: string;
                register?: string;
                classes?: number;
                calibrated: boolean;
                steps: {
                    dial: components["schemas"]["AnswerDial"];
                    bits: number;
                }[];
            }[];
            contact: string;
        };
        ClientKeyId: string;
        ClientKeyPage: {
            items: components["schemas"]["ClientKeyRow"][];
            total: number;
            next?: string;
            gateways: {
                id: string;
                name: string;
                plans: string[];
            }[];
        };
        ClientKeyRow: {
            id: components["schemas"]["ClientKeyId"];
            principal: string;
            tenant?: string;
            plan: string;
            models: string[];
            last4: string;
            createdAt: number;
            expiresAt?: number;
            revokedAt?: number;
            replaces?: string;
            gateway: string;
            gatewayName: string;
            /** @enum {string} */
            state: "valid" | "expired" | "revoked";
            seen: boolean;
        };
        ClientPage: {
            items: components["schemas"]["ClientRow"][];
            total: number;
            next?: string;
        };
        ClientPoint: {
            at: number;
            requests: number;
            denied: number;
            informationBits: number;
            novelty?: number;
            learning?: number;
            progress?: number;
        };
        ClientRow: {
            principal: string;
            tenant?: string;
            requests: number;
            denied: number;
            inputTokens: number;
            outputTokens: number;
            informationBits: number;
            budget?: {
                bitsPerDay: number;
                used: number;
            };
            lastAt?: number;
            reading?: {
                model?: string;
                queries: number;
                novelty?: number;
                learning?: number;
                progress?: number;
                /** @enum {string} */
                state: "calibrating" | "ready";
            };
            group: string[];
            linked?: {
                members: string[];
                links: {
                    a: string;
                    b: string;
                    p?: number;
                    because: {
                        feature: components["schemas"]["LinkFeature"];
                        p?: number;
                    }[];
                }[];
                falseLinks: number;
                accounts: number;
                capped: boolean;
                retests: components["schemas"]["Retest"][];
            };
            orders: string[];
            id: string;
            gateway: string;
            gatewayName: string;
            plan: string;
            keys: number;
            standing: components["schemas"]["GatewayOrder"][];
            dial: components["schemas"]["AnswerDial"] | "suspended";
        };
        Coalition: {
            model: string;
            bytes: number;
            fraction?: number;
            bound: components["schemas"]["Bound"];
            readers: number;
            unsized?: number;
            blindMs?: number;
        };
        CollectorHealth: {
            /** @enum {string} */
            way: "bucket" | "syslog";
            at: string;
            position?: string;
            lastPollAt?: number;
            lastOkAt?: number;
            taken: number;
            waiting: number;
            digests?: {
                held: number;
                upTo?: string;
            };
            shed: {
                reason: string;
                count: number;
            }[];
            lastError?: {
                at: number;
                message: string;
            };
            failing: {
                object: string;
                attempts: number;
                nextAt: number;
                reason: string;
            }[];
        };
        Comment: {
            at: number;
            by: string;
            text: string;
        };
        CommentBody: {
            text: string;
        };
        ConnectionPage: {
            items: {
                name: string;
                kind: string;
                host: string;
                verbs: string[];
                touches: string[];
                unset: string[];
                told?: {
                    at: number;
                    text: string;
                    problem?: string;
                };
            }[];
            total: number;
        };
        ConnectionTest: {
            ok: boolean;
            /** @constant */
            unsure?: true;
            text: string;
        };
        CopyRow: {
            path: string;
            container?: string;
            format: string;
            bytes: number;
            sha256?: string;
            digest: string;
            complete: boolean;
            missing?: string[];
            readableBy: string[];
            declared?: boolean;
            files?: {
                path: string;
                bytes: number;
            }[];
            findings?: string[];
            id: string;
            model?: string;
            host: string;
            firstSeenAt: number;
            lastSeenAt: number;
            /** @enum {string} */
            state: "present" | "quarantined" | "gone";
        };
        /** @enum {string} */
        CountedField: "principal" | "model" | "operation" | "artifact" | "place" | "part" | "address" | "agent" | "credential" | "source";
        EgressOf: {
            /** @constant */
            of: "uid";
            uid: number;
        } | {
            /** @constant */
            of: "cgroup";
            path: string;
        } | {
            /** @constant */
            of: "host";
        };
        EndWatchBody: {
            kind: components["schemas"]["WatchedKind"];
            name: string;
            reason: string;
        };
        EnrolAnswer: {
            agent: string;
            /** Format: base64 */
            serverKey: string;
        };
        EnrolBody: {
            token: string;
            /** Format: base64 */
            publicKey: string;
            host: components["schemas"]["HostFacts"];
        };
        Enrolment: {
            token: string;
            expiresAt: number;
        };
        Entity: {
            /** @enum {string} */
            kind: "principal" | "model" | "place" | "address" | "artifact" | "credential" | "user-agent";
            name: string;
            events: number;
        };
        EntityDetail: {
            kind: components["schemas"]["EntityKind"];
            name: string;
            summary: components["schemas"]["EventSummary"];
            beside: {
                by: components["schemas"]["CountedField"];
                values: {
                    value: string;
                    events: number;
                    bytes: number;
                    firstAt: number;
                    lastAt: number;
                }[];
                different: number;
            }[];
            holdings: components["schemas"]["Holding"][];
            mayRead: string[];
            alerts: components["schemas"]["AlertRow"][];
            incidents: components["schemas"]["IncidentRow"][];
            gaps: components["schemas"]["Gap"][];
            watched?: components["schemas"]["Watched"];
        };
        /** @enum {string} */
        EntityKind: "principal" | "address" | "credential" | "place";
        Event: {
            id: string;
            source: string;
            time: number;
            class_uid: number;
            category_uid: number;
            activity_id: number;
            type_uid: number;
            severity_id: number;
            status_id?: number;
            metadata: {
                version: string;
                product: {
                    name: string;
                } & {
                    [key: string]: unknown;
                };
            } & {
                [key: string]: unknown;
            };
            principal: string;
            credential?: string;
            model?: string;
            place?: string;
            part?: string;
            artifact?: string;
            operation?: string;
            weights?: boolean;
            vouched?: boolean;
            bytes?: number;
            range?: {
                start: number;
                end: number;
            };
            tokens?: number;
            src_external?: boolean;
            grade?: components["schemas"]["Grade"];
            grade_basis?: string;
            raw_data?: string;
        } & {
            [key: string]: unknown;
        };
        EventPage: {
            items: components["schemas"]["Event"][];
            total: number;
            next?: string;
            /** @constant */
            partial?: true;
        };
        EventSummary: {
            events: number;
            firstAt?: number;
            lastAt?: number;
            barMs: number;
            bars: {
                at: number;
                events: number;
            }[];
            by: components["schemas"]["CountedField"];
            values: {
                value: string;
                events: number;
                bytes: number;
                firstAt: number;
                lastAt: number;
            }[];
            different: number;
            /** @constant */
            partial?: true;
        };
        EvidenceCheckpoint: {
            origin: string;
            size: number;
            root: string;
            time: number;
            key: string;
            signature: string;
        };
        EvidencePage: {
            items: components["schemas"]["EvidenceRow"][];
            total: number;
            next?: string;
            chain: {
                ok: boolean;
                entries: number;
                checkedAt: number;
                problem?: string;
            };
        };
        EvidenceRow: {
            seq: number;
            at: number;
            by: string;
            kind: string;
            text: string;
            hash: string;
            subject?: string;
        };
        Facts: {
            at: number;
            lists: {
                /** @enum {string} */
                list: "processes" | "connections" | "weights" | "mounts" | "accounts" | "gpus" | "schedules" | "system";
                rows: {
                    [key: string]: string | number | boolean;
                }[];
                notSeen: string[];
            }[];
        };
        Gap: {
            source: string;
            from: number;
            to?: number;
            reason?: string;
        };
        GatewayEnrolBody: {
            token: string;
            /** Format: base64 */
            publicKey: string;
            gateway: components["schemas"]["GatewayFacts"];
        };
        GatewayFacts: {
            name: string;
            origin: string;
            host: string;
        };
        GatewayLimits: {
            requestsPerMinute?: number;
            inputTokensPerMinute?: number;
            outputTokensPerMinute?: number;
            informationBitsPerDay?: number;
            concurrent?: number;
        };
        GatewayOrder: {
            id: string;
            verb: components["schemas"]["OrderVerb"];
            principal: string;
            model?: string;
            reason: string;
            by: string;
            from: number;
            until: number;
            /** Format: base64 */
            sealTo?: string;
            requestsPerMinute?: number;
            decimals?: number;
            top?: number;
            bits?: number;
            share?: number;
            pull?: number;
            megabytes?: number;
        };
        GatewayPage: {
            items: components["schemas"]["GatewayRow"][];
            total: number;
        };
        GatewayReportAnswer: {
            orders: {
                text: string;
                signature: string;
            }[];
            all: boolean;
        };
        GatewayRow: {
            id: string;
            name: string;
            host: string;
            /** @enum {string} */
            state: "reporting" | "waiting" | "silent" | "revoked";
            enrolledAt: number;
            enrolledBy: string;
            lastSeenAt?: number;
            source: string;
            status?: {
                url: string;
                startedAt: number;
                running: number;
                blind: boolean;
                dropped: number;
                evidence: number;
                waitingBytes: number;
                lost: number;
                problems: string[];
            };
            settings?: components["schemas"]["GatewaySettings"];
        };
        GatewaySettings: {
            epoch: number;
            contact: string;
            plans: {
                [key: string]: {
                    limits: components["schemas"]["GatewayLimits"];
                    logprobs: boolean;
                    probabilities: components["schemas"]["AnswerDial"];
                };
            };
            models: {
                name: string;
                register?: string;
                classes?: number;
                calibrated: boolean;
                steps: {
                    dial: components["schemas"]["AnswerDial"];
                    bits: number;
                }[];
            }[];
        };
        /** @enum {string} */
        Grade: "signed" | "authenticated" | "plain";
        Grant: {
            role: components["schemas"]["Role"];
            space?: components["schemas"]["SpaceName"];
        };
        GrantsBody: {
            grants: components["schemas"]["Grant"][];
        };
        /** @enum {string} */
        GraphKind: "principal" | "address" | "model" | "artifact";
        Grouping: {
            id: string;
            /** @enum {string} */
            kind: "merge" | "split";
            incident: string;
            others: {
                id: string;
                number: number;
            }[];
            by: string;
            at: number;
            reason: string;
            undone?: {
                by: string;
                at: number;
                reason: string;
            };
        };
        Holding: {
            model: string;
            principal: string;
            bytes: number;
            fraction?: number;
            bound: components["schemas"]["Bound"];
            declared: boolean;
            complete: boolean;
            unsized?: number;
        };
        HostActivity: {
            events: number;
            firstAt?: number;
            lastAt?: number;
            gaps: components["schemas"]["Gap"][];
            sights: {
                at: number;
                sensor: string;
            }[];
            egress: {
                address: string;
                port?: number;
                onto?: components["schemas"]["LeavingMount"];
                model?: string;
                artifact: string;
                atMost: number;
                counted?: number;
                uncounted: number;
                readAtMost: number;
                modelBytes?: number;
                processes: number;
                firstAt: number;
                lastAt: number;
            }[];
            mounts?: {
                at: number;
                rows: {
                    path: string;
                    type: string;
                }[];
            };
            carried: {
                path: string;
                bytes: number;
                /** @enum {string} */
                did: "open" | "write" | "rename";
                to?: string;
                madeFrom?: string;
                onto?: string;
            }[];
        };
        HostChange: {
            /** @constant */
            verb: "quarantine-file";
            /** Format: starts_with */
            path: string;
            sha256: string;
        } | {
            /** @constant */
            verb: "stop-process";
            process: string;
            program: string;
            /** @enum {string} */
            how: "hold" | "end";
        } | {
            /** @constant */
            verb: "block-egress";
            whose: components["schemas"]["EgressOf"];
            minutes: number;
        };
        HostDetail: {
            host: components["schemas"]["HostRow"];
            facts: components["schemas"]["HostFacts"];
            source: string;
            orders: {
                id: string;
                order: components["schemas"]["Order"];
                by: string;
                reason: string;
                at: number;
                expiresAt: number;
                /** @enum {string} */
                state: "waiting" | "done" | "failed" | "refused";
                doneAt?: number;
                message?: string;
                facts?: components["schemas"]["Facts"];
                incident?: string;
            }[];
        };
        HostFacts: {
            name: string;
            system: string;
            kernel: string;
            arch: string;
            version: string;
            user: string;
        };
        HostPage: {
            items: components["schemas"]["HostRow"][];
            total: number;
            next?: string;
        };
        HostProcessPage: {
            items: {
                key: string;
                pid: number;
                startedAt?: number;
                name: string;
                depth: number;
                below: number;
                touched: boolean;
                principal?: string;
                command?: string;
                exe?: string;
                container?: string;
                pod?: string;
                models: string[];
                events: number;
                files: {
                    path: string;
                    bytes: number;
                    /** @enum {string} */
                    did: "open" | "write" | "rename";
                    to?: string;
                    madeFrom?: string;
                    onto?: string;
                }[];
                fileCount: number;
                readAtMost: number;
                sent: {
                    address: string;
                    port: number;
                    atMost: number;
                    counted?: number;
                }[];
                sentCount: number;
                sentAtMost: number;
                firstAt?: number;
                lastAt?: number;
            }[];
            total: number;
            next?: string;
            left: number;
        };
        HostRow: {
            id: string;
            name: string;
            system: string;
            /** @enum {string} */
            state: "reporting" | "waiting" | "silent" | "revoked";
            tier?: components["schemas"]["AgentTier"];
            watchedFiles?: number;
            dropped?: number;
            enrolledAt: number;
            enrolledBy: string;
            lastSeenAt?: number;
            problems: string[];
            scan?: components["schemas"]["ScanProgress"];
            may?: ("quarantine-file" | "stop-process" | "block-egress")[];
            watched?: components["schemas"]["Watched"];
        };
        HostScans: {
            runs: components["schemas"]["ScanRun"][];
            schedule?: components["schemas"]["ScanSchedule"];
            looked: components["schemas"]["Looked"][];
            notSeen: {
                what: string;
                why: string;
            }[];
            paths: components["schemas"]["TheftPath"][];
            asked: components["schemas"]["Asked"][];
            watched?: components["schemas"]["Watched"];
        };
        Hunt: {
            name: string;
            filter: string;
            by: string;
            at: number;
        };
        HuntBody: {
            name: string;
            filter: string;
        };
        HuntNameBody: {
            name: string;
        };
        HuntPage: {
            items: components["schemas"]["Hunt"][];
            total: number;
        };
        Impact: {
            risks: {
                risk: components["schemas"]["Risk"];
                said: string;
                known: boolean;
            }[];
            objectives: {
                /** @enum {string} */
                objective: "gain-assets" | "avoid-cost" | "study-behaviour" | "competitive-advantage" | "later-attacks";
                because: string;
            }[];
            reach: {
                principal: string;
                mayRead: string[];
                holds: string[];
            }[];
        };
        IncidentDetail: {
            incident: components["schemas"]["IncidentRow"];
            story: string;
            alerts: components["schemas"]["AlertRow"][];
            rests?: components["schemas"]["Rests"];
            timeline: components["schemas"]["TimelineEntry"][];
            entities: components["schemas"]["Entity"][];
            holdings: components["schemas"]["Holding"][];
            gaps: components["schemas"]["Gap"][];
            /** @default [] */
            pins: components["schemas"]["Pin"][];
            impact: components["schemas"]["Impact"];
            playbooks: components["schemas"]["PlaybookText"][];
            options: components["schemas"]["ActionOption"][];
            actions: components["schemas"]["ActionRow"][];
            /** @default [] */
            groupings: components["schemas"]["Grouping"][];
            comments: components["schemas"]["Comment"][];
            activity: components["schemas"]["ActivityEntry"][];
            /** @constant */
            partial?: true;
        };
        IncidentGraph: {
            nodes: {
                id: string;
                kind: components["schemas"]["GraphKind"];
                name: string;
                events: number;
                together?: number;
            }[];
            edges: {
                from: string;
                to: string;
                operations: string[];
                events: number;
                bytes: number;
                firstAt: number;
                lastAt: number;
            }[];
            /** @constant */
            partial?: true;
        };
        IncidentPage: {
            items: components["schemas"]["IncidentRow"][];
            total: number;
            next?: string;
        };
        IncidentRow: {
            id: string;
            title: string;
            severity: components["schemas"]["Severity"];
            reason: string;
            act?: components["schemas"]["Act"];
            method?: components["schemas"]["Method"];
            principals: string[];
            models: string[];
            raisedBy?: string[];
            alerts: string[];
            firstAt: number;
            lastAt: number;
            number: number;
            status: components["schemas"]["IncidentStatus"];
            verdict?: components["schemas"]["Verdict"];
            assignee?: string;
            createdAt: number;
            updatedAt: number;
            unaccounted?: components["schemas"]["Coalition"];
            watched?: string[];
            doubt?: string;
        };
        /** @enum {string} */
        IncidentStatus: "new" | "in-progress" | "on-hold" | "resolved" | "closed";
        IngestAnswer: {
            accepted: number;
            rejected: number;
            rejects: {
                line: number;
                reason: string;
            }[];
        };
        Invitation: {
            account: components["schemas"]["AccountRow"];
            path: string;
            expiresAt: number;
        };
        InvitationBody: {
            token: string;
        };
        Invited: {
            name: string;
            grants: components["schemas"]["Grant"][];
            secret: string;
            uri: string;
        };
        LeavingMount: {
            mount: string;
            /** @enum {string} */
            kind: "removable" | "network" | "unknown";
            type: string;
            source: string;
        };
        /** @enum {string} */
        LinkFeature: "template" | "timing" | "dispersion" | "turns" | "infrastructure" | "birth";
        Listener: {
            address: string;
            port: number;
            process?: string;
            product?: string;
            authenticated: boolean | "unknown";
            basis: components["schemas"]["Basis"];
        };
        Looked: {
            kind: components["schemas"]["TheftKind"];
            complete: boolean;
            why?: string;
        };
        MadeKey: {
            id: string;
            principal: string;
            secret: string;
        };
        MergeBody: {
            incidents: string[];
            reason: string;
        };
        /** @enum {string} */
        Method: "repositories" | "artifacts" | "credentials" | "queries" | "exposed-storage" | "weak-access";
        /** @enum {string} */
        ModelClass: "public" | "base" | "private" | "delta" | "decoy";
        ModelDetail: {
            model: components["schemas"]["ModelRow"];
            places: string[];
            allowedReaders: string[];
            copies: components["schemas"]["CopyRow"][];
            holdings: components["schemas"]["Holding"][];
            coalition?: components["schemas"]["Coalition"];
            gaps: components["schemas"]["Gap"][];
            incidents: components["schemas"]["IncidentRow"][];
            paths: components["schemas"]["TheftPath"][];
            listeners: components["schemas"]["Listener"][];
            /** @default [] */
            permits: {
                id: string;
                model: string;
                principal: string;
                address?: string;
                by: string;
                agreedBy: string;
                reason: string;
                from: number;
                until: number;
                endedBy?: string;
            }[];
        };
        ModelPage: {
            items: components["schemas"]["ModelRow"][];
            total: number;
            next?: string;
        };
        ModelRow: {
            name: string;
            registered: boolean;
            class?: components["schemas"]["ModelClass"];
            owner?: string;
            value?: number;
            digest?: string;
            bytes?: number;
            tensors?: number;
            formats: string[];
            copies: number;
            undeclaredCopies: number;
            exposedCopies: number;
            readers: number;
            coalition?: components["schemas"]["Coalition"];
            balanced?: boolean;
            openIncidents: number;
            watched?: components["schemas"]["Watched"];
        };
        NewKeyBody: {
            gateway: string;
            principal: string;
            tenant?: string;
            plan?: string;
            /** @default [] */
            models?: string[];
            forMs?: number;
            reason: string;
        };
        NewToken: {
            token: components["schemas"]["TokenRow"];
            secret: string;
        };
        Opened: {
            key: string;
        };
        Order: {
            /** @constant */
            verb: "scan";
            roots: string[];
        } | {
            /** @constant */
            verb: "stop-scan";
        } | {
            /** @constant */
            verb: "collect";
            lists: ("processes" | "connections" | "weights" | "mounts" | "accounts" | "gpus" | "schedules" | "system")[];
        } | {
            /** @constant */
            verb: "quarantine-file";
            /** Format: starts_with */
            path: string;
            sha256: string;
        } | {
            /** @constant */
            verb: "stop-process";
            process: string;
            program: string;
            /** @enum {string} */
            how: "hold" | "end";
        } | {
            /** @constant */
            verb: "block-egress";
            whose: components["schemas"]["EgressOf"];
            minutes: number;
        } | {
            /** @constant */
            verb: "undo";
            order: string;
        };
        OrderAnswer: {
            id: string;
            action?: components["schemas"]["ActionRow"];
        };
        OrderRequestBody: {
            order: components["schemas"]["Order"];
            reason: string;
            incident?: string;
        };
        /** @enum {string} */
        OrderVerb: "throttle" | "strip-logprobs" | "round" | "top-k" | "label-only" | "strip-reasoning" | "challenge" | "suspend" | "mark" | "capture";
        Overview: {
            openIncidents: number;
            alerts: number;
            models: number;
            sources: number;
            hosts: number;
            /** @default 0 */
            clients: number;
            rules: number;
            actions: number;
            sending: number;
            events24h: number;
            lastAlertAt?: number;
            silent: string[];
            booksBalanced: number;
            booksTotal: number;
            scan: {
                /** @enum {string} */
                state: "none" | "running" | "done" | "failed";
                finishedAt?: number;
                message?: string;
            };
        };
        OwnCheck: {
            at: number;
            by: string;
            proofs: {
                rule: string;
                case: string;
                /** @enum {string} */
                kind: "attack" | "clean" | "twin";
                passed: boolean;
                problem?: string;
            }[];
            unproven: string[];
            hides?: {
                from: number;
                to: number;
                alerts: number;
                hidden: number;
                partly: number;
                confirmed: number;
                unknown: number;
                cut?: string;
                examples: {
                    id: string;
                    title: string;
                    rule: string;
                    severity: components["schemas"]["Severity"];
                    principal?: string;
                    model?: string;
                    lastAt: number;
                    events: number;
                    hidden: number;
                    incident?: string;
                    incidentNumber?: number;
                    confirmed: boolean;
                }[];
            };
            problems: string[];
        };
        OwnDraft: {
            text: string;
            proof?: string;
        };
        OwnRule: {
            name: string;
            /** @enum {string} */
            kind: "exception" | "rule";
            title: string;
            rules: string[];
            text: string;
            proof?: string;
            space?: string;
            days?: number;
            stage: components["schemas"]["OwnStage"];
            by: string;
            at: number;
            reason: string;
            stageAt: number;
            endsAt?: number;
            digest: string;
            check?: components["schemas"]["OwnCheck"];
            count: {
                matches: number;
                lastAt?: number;
                event?: string;
            };
            action?: string;
        };
        OwnRuleBody: {
            text: string;
            proof?: string;
            space?: string;
            days?: number;
            reason: string;
        };
        OwnRulePage: {
            items: components["schemas"]["OwnRule"][];
            total: number;
        };
        /** @enum {string} */
        OwnStage: "draft" | "trial" | "published" | "ended";
        OwnStageBody: {
            /** @enum {string} */
            to: "trial" | "ended";
            digest: string;
            reason: string;
        };
        PackPreview: {
            documents: {
                kind: string;
                id: string;
                shown: {
                    name: string;
                    value: string;
                }[];
                redacted: string[];
            }[];
            total: number;
            entries: number;
            shown: number;
            redacted: number;
            leftOut: number;
            limits: string[];
        };
        PermitTerms: {
            principal: string;
            address?: string;
        };
        PersonAddress: string;
        Pin: {
            event: string;
            time: number;
            by: string;
            at: number;
            reason: string;
        };
        PinBody: {
            event: string;
            time: number;
            reason: string;
        };
        PlaybookText: {
            id: string;
            title: string;
            sections: {
                heading: string;
                text: string;
            }[];
        };
        Posture: {
            controls: {
                name: string;
                title: string;
                stage: string;
                /** @enum {string} */
                plane: "model" | "system";
                about: string;
                mitigations: string[];
                blindspots: string[];
                /** @enum {string} */
                state: "pass" | "fail" | "unknown" | "none";
                why: string;
                evidence: string[];
                minutes?: number;
                fix?: string;
                /** @enum {string} */
                fixIs?: "command" | "words";
                history: {
                    at: number;
                    /** @enum {string} */
                    state: "pass" | "fail" | "unknown" | "none";
                }[];
            }[];
            paths: {
                model: string;
                kind?: components["schemas"]["TheftKind"];
                steps: {
                    from: string;
                    to: string;
                    how: string;
                    basis: components["schemas"]["Basis"];
                    proof?: string;
                    /** @enum {string} */
                    effort?: "hand" | "trick" | "look" | "break";
                }[];
                minutes?: number;
                fix?: string;
                host?: string;
            }[];
            pathCount: number;
            coverage: {
                method: components["schemas"]["Method"];
                rules: number;
                sees: {
                    kind: string;
                    rules: number;
                }[];
            }[];
            techniques: {
                id: string;
                name?: string;
                rules: number;
                seeing: number;
            }[];
            mitigations: {
                id: string;
                name?: string;
                passed: number;
                tested: number;
            }[];
            vectors?: {
                source: string;
                title: string;
                groups: {
                    name: string;
                    title: string;
                    ways: number;
                    /** @enum {string} */
                    state: "covered" | "uncovered" | "unknown";
                    measures: {
                        /** @enum {string} */
                        kind: "control" | "rule";
                        name: string;
                        title: string;
                        /** @enum {string} */
                        state: "holds" | "fails" | "unknown" | "none";
                    }[];
                    beyond: string;
                }[];
            };
            scans: {
                host?: string;
                finishedAt: string;
            }[];
            change: {
                gone: {
                    what: string;
                    says: string;
                    before?: string;
                    host: string;
                    at: number;
                }[];
                fresh: {
                    what: string;
                    says: string;
                    before?: string;
                    host: string;
                    at: number;
                }[];
            };
            space?: string;
            spaces: string[];
        };
        PreviewBody: {
            incident?: string;
            verb: components["schemas"]["ActionVerb"];
            target: string;
            terms?: components["schemas"]["ActionTerms"];
        };
        ReasonBody: {
            reason: string;
        };
        Report: {
            from: number;
            to: number;
            incidents: {
                opened: number;
                closed: number;
                open: {
                    severity: components["schemas"]["Severity"];
                    count: number;
                }[];
                byMethod: {
                    name: string;
                    count: number;
                }[];
                byVerdict: {
                    name: string;
                    count: number;
                }[];
                precision?: number;
                toFirstDecisionMs?: number;
                toCloseMs?: number;
            };
            actions: {
                verb: string;
                state: string;
                count: number;
            }[];
            /** @default [] */
            watched: {
                name: string;
                count: number;
            }[];
            /**
             * @default {
             *       "given": 0,
             *       "holding": 0
             *     }
             */
            permits: {
                given: number;
                holding: number;
            };
            models: {
                registered: number;
                balanced: number;
                booked: number;
                unaccounted: components["schemas"]["Coalition"][];
            };
            sight: {
                sources: number;
                sending: number;
                grades?: components["schemas"]["Rests"];
                unseen: {
                    source: string;
                    ms: number;
                }[];
            };
            rules: {
                rule: string;
                alerts: number;
                noTheft: number;
            }[];
        };
        ReportAnswer: {
            orders: {
                text: string;
                signature: string;
            }[];
        };
        Rests: {
            signed: number;
            authenticated: number;
            plain: number;
            ungraded: number;
        };
        Retest: {
            model: string;
            /** @enum {string} */
            state: "calibrating" | "link-only" | "evidence";
            queries: number;
            most?: number;
        };
        /** @enum {string} */
        Risk: "ip-loss" | "competitive-disadvantage" | "attacker-research" | "replication" | "business-impact";
        /** @enum {string} */
        Role: "viewer" | "analyst" | "lead" | "admin";
        RotateKeyBody: {
            /** @default 86400000 */
            graceMs?: number;
            reason: string;
        };
        RuleDraft: {
            text: string;
            left: {
                term: string;
                why: string;
            }[];
            proof?: string;
        };
        RulePage: {
            items: components["schemas"]["RuleRow"][];
            total: number;
            next?: string;
            inUse?: {
                rules: number;
                parts?: number;
                detectors: number;
            };
            /** @default [] */
            refused: {
                rule: string;
                reason: string;
            }[];
        };
        RuleRow: {
            id: string;
            /** @enum {string} */
            kind: "sigma" | "detector";
            title: string;
            level: components["schemas"]["Severity"];
            status: string;
            techniques: string[];
            blindspots: string[];
            playbook: string;
            alerts: number;
            lastAlertAt?: number;
            /** @default 0 */
            exceptions: number;
            /** @default 0 */
            hidden: number;
        };
        ScanChange: {
            newCopies: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            firstLooked: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            goneCopies: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            changedCopies: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            newTokens: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            goneTokens: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            newListeners: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            goneListeners: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            newPaths: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
            gonePaths: {
                items: components["schemas"]["ChangeLine"][];
                total: number;
            };
        };
        ScanProgress: {
            /** @enum {string} */
            phase: "walking" | "looking" | "hashing";
            files: number;
            candidates: number;
            done: number;
            startedAt: number;
        };
        ScanReport: {
            version: string;
            host?: string;
            /** Format: date-time */
            startedAt: string;
            /** Format: date-time */
            finishedAt: string;
            roots: string[];
            filesSeen: number;
            bytesRead: number;
            models: {
                id: string;
                name?: string;
                class?: string;
                digest: string;
                bytes: number;
                tensors: number;
                formats: string[];
                verdict?: {
                    relation: string;
                } & {
                    [key: string]: unknown;
                };
                copies: components["schemas"]["ScannedCopy"][];
            }[];
            listeners: components["schemas"]["Listener"][];
            paths: components["schemas"]["TheftPath"][];
            looked?: components["schemas"]["Looked"][];
            tokens?: {
                path: string;
                opens: string;
                scope: string;
                readableBy: string[];
            }[];
            asked?: components["schemas"]["Asked"][];
            candidates?: number;
            archives?: {
                lookedInto: number;
                leftOut: number;
            };
            notSeen: {
                what: string;
                why: string;
                code?: string;
                count?: number;
            }[];
        };
        ScanRun: {
            at: number;
            startedAt: number;
            version: string;
            roots: string[];
            filesSeen: number;
            bytesRead: number;
            copies: number;
            paths: number;
            listeners: number;
            tokens: number;
            notSeen: number;
            digest: string;
            change?: components["schemas"]["ScanChange"];
            pathsBefore?: number;
            signed?: {
                by: string;
                key: string;
                finishedAt: number;
            };
        };
        ScanSchedule: {
            everyHours: number;
            by: string;
            at: number;
            nextAt: number;
        };
        ScannedCopy: {
            path: string;
            container?: string;
            format: string;
            bytes: number;
            sha256?: string;
            digest: string;
            complete: boolean;
            missing?: string[];
            readableBy: string[];
            declared?: boolean;
            files?: {
                path: string;
                bytes: number;
            }[];
            findings?: string[];
        };
        ScheduleBody: {
            everyHours: number;
            reason: string;
        };
        Session: {
            user: {
                id: string;
                name: string;
                role: components["schemas"]["Role"];
                /**
                 * @default [
                 *       {
                 *         "role": "admin"
                 *       }
                 *     ]
                 */
                grants: components["schemas"]["Grant"][];
                /**
                 * @default link
                 * @enum {string}
                 */
                by: "link" | "password" | "provider" | "token";
            };
            version: string;
        };
        /** @enum {string} */
        Severity: "informational" | "low" | "medium" | "high" | "critical";
        SignInBody: {
            name: string;
            password: string;
            code?: string;
        };
        SignInWays: {
            password: boolean;
            provider?: string;
        };
        SourceHealth: {
            name: string;
            kind: string;
            /** @default [] */
            kinds: string[];
            /** @enum {string} */
            state: "sending" | "waiting" | "silent" | "failing";
            lastSeenAt?: number;
            lastEventAt?: number;
            records: number;
            events: number;
            events24h: number;
            rejects: number;
            rejectShare?: number;
            samples: {
                at: number;
                offset: number;
                reason: string;
                record: string;
            }[];
            problem?: string;
            lagMs?: number;
            collector?: components["schemas"]["CollectorHealth"];
            /** @default [] */
            grades: {
                way: components["schemas"]["WayIn"];
                grade: components["schemas"]["Grade"];
                basis: string;
                raise?: string;
                records: number;
                lastAt: number;
            }[];
            cannotSee: string[];
            requires: string[];
            gaps: components["schemas"]["Gap"][];
        };
        SourcePage: {
            items: components["schemas"]["SourceHealth"][];
            total: number;
            next?: string;
        };
        SpaceName: string;
        SplitBody: {
            alerts: string[];
            reason: string;
        };
        StatusBody: {
            status: components["schemas"]["IncidentStatus"];
            verdict?: components["schemas"]["Verdict"];
            /** @default  */
            reason?: string;
        };
        Technique: string;
        /** @enum {string} */
        TheftKind: "file-mode" | "group-read" | "access-list" | "docker-socket" | "setuid" | "file-capability" | "sudo" | "container-mount" | "container-rights" | "listener" | "nfs-export" | "share" | "web-folder" | "token-on-disk" | "signed-link" | "bucket-public" | "iam-grant" | "iam-unused" | "cluster-grant" | "cluster-mount" | "repository-public" | "ci-job";
        TheftPath: {
            model: string;
            kind?: components["schemas"]["TheftKind"];
            steps: {
                from: string;
                to: string;
                how: string;
                basis: components["schemas"]["Basis"];
                proof?: string;
                /** @enum {string} */
                effort?: "hand" | "trick" | "look" | "break";
            }[];
            minutes?: number;
            fix?: string;
        };
        TimelineEntry: {
            at: number;
            to?: number;
            /** @enum {string} */
            kind: "event" | "alert" | "gap" | "action";
            title: string;
            severity?: components["schemas"]["Severity"];
            ref?: string;
            detail?: string;
        };
        TokenBody: {
            name?: string;
            source?: string;
            host?: string;
            grant?: {
                /** @enum {string} */
                role: "viewer" | "analyst" | "lead";
                space?: components["schemas"]["SpaceName"];
            };
            days?: number;
        };
        TokenPage: {
            items: components["schemas"]["TokenRow"][];
            total: number;
            next?: string;
        };
        TokenRow: {
            name: string;
            source?: string;
            host?: string;
            grant?: components["schemas"]["Grant"];
            createdAt: number;
            createdBy: string;
            lastUsedAt?: number;
            expiresAt?: number;
        };
        UndoBody: {
            reason: string;
        };
        UnpinBody: {
            event: string;
            reason: string;
        };
        /** @enum {string} */
        Verdict: "false-positive" | "true-positive" | "benign" | "test" | "duplicate";
        Watched: {
            kind: components["schemas"]["WatchedKind"];
            name: string;
            thefts: {
                incident: string;
                number?: number;
                from: number;
                until: number;
            }[];
            from: number;
            until: number;
        };
        /** @enum {string} */
        WatchedKind: "model" | "principal" | "host" | "place" | "address";
        WatchedPage: {
            items: components["schemas"]["Watched"][];
            total: number;
            next?: string;
        };
        /** @enum {string} */
        WayIn: "agent-key" | "gateway-key" | "digest-file" | "server" | "people" | "token" | "bucket" | "client-certificate" | "bucket-plain" | "tls" | "tcp" | "udp" | "file" | "given";
    };
    responses: {
        /** @description What was sent is not what is described here: BAD_REQUEST, BAD_FILTER */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ApiError"];
            };
        };
        /** @description No session, and no token that is good for this: NOT_SIGNED_IN, BAD_LINK, BAD_SIGN_IN, BAD_CODE, CODE_NEEDED */
        NotSignedIn: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ApiError"];
            };
        };
        /** @description The role is missing, or a person has to decide: NO_ROLE, FORBIDDEN */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ApiError"];
            };
        };
        /** @description It is not there, or beyond the asker's spaces: NOT_FOUND */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ApiError"];
            };
        };
        /** @description It was refused or failed; `error` is a code to tell errors apart by */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ApiError"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postSessionEnd: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postSessionEndAll: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getOverview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getReport: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidents: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidentsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidentsIdGraph: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentGraph"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidentsIdPack: {
        parameters: {
            query?: {
                redact?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidentsIdPackPreview: {
        parameters: {
            query?: {
                redact?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PackPreview"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getIncidentsIdExport: {
        parameters: {
            query: {
                as: "ocsf" | "stix" | "csv" | "html";
                printed?: "pdf";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "application/stix+json": string;
                    "text/csv": string;
                    "text/html": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdAssign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatusBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdMerge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MergeBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdSplit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SplitBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdGroupingsGroupingUndo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                grouping: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UndoBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdComments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CommentBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getAlerts: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getAlertsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getEvents: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getEventsSummary: {
        parameters: {
            query?: {
                filter?: string;
                by?: components["schemas"]["CountedField"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventSummary"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getEventsRule: {
        parameters: {
            query: {
                filter: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RuleDraft"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getEntity: {
        parameters: {
            query: {
                kind: components["schemas"]["EntityKind"];
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getHunts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HuntPage"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postHunts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HuntBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hunt"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postHuntsRemove: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HuntNameBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdPins: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PinBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        pinned: string;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIncidentsIdPinsRemove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnpinBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        removed: string;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getModels: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getModelsName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getWatched: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WatchedPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postWatchedEnd: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EndWatchBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        ended: string;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getActions: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postActions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApplyBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postActionsPreview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionPreview"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postActionsIdApprove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApproveBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postActionsIdDecline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postActionsIdUndo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UndoBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postActionsIdKeep: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getSources: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourcePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getRules: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postRulesBacktest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BacktestBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BacktestReport"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getOwnRules: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRulePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postOwnRules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnRuleBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRule"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getOwnRulesDraft: {
        parameters: {
            query?: {
                alert?: string;
                rule?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnDraft"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getOwnRulesName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRule"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postOwnRulesNameCheck: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRule"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postOwnRulesNameStage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnStageBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnRule"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getPlaybooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["PlaybookText"][];
                        total: number;
                    };
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getPlaybooksId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlaybookText"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getPosture: {
        parameters: {
            query?: {
                space?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Posture"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getPostureExport: {
        parameters: {
            query: {
                space?: string;
                as: "sarif" | "csv" | "json";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                    "text/csv": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getScan: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScanReport"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getScansHost: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                host: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostScans"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getScansHostSignedFinishedAt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                host: string;
                finishedAt: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postHostsIdSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduleBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        schedule?: components["schemas"]["ScanSchedule"];
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getEvidence: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EvidencePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postEvidenceCheckpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EvidenceCheckpoint"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getHosts: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getHostsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getHostsIdProcesses: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostProcessPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getHostsIdActivity: {
        parameters: {
            query?: {
                filter?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostActivity"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postHostsEnrolments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    host?: string;
                };
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Enrolment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postHostsIdOrders: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrderRequestBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postHostsIdRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HostRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getGateways: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GatewayPage"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postGatewaysEnrolments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Enrolment"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postGatewaysIdRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GatewayRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postCapturesIdKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaptureKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getClients: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClientPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    getClientsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClientDetail"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getClientKeys: {
        parameters: {
            query?: {
                filter?: string;
                sort?: string;
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClientKeyPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postClientKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKeyBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postClientKeysGatewayIdRotate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                gateway: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateKeyBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postClientKeysGatewayIdRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                gateway: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenPage"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postTokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postTokensNameRotate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postTokensNameRevoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getAccounts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountPage"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postAccounts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postAccountsNameReset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postAccountsNameDisable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postAccountsNameAddress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postAccountsNameGrants: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrantsBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountRow"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getConnections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionPage"];
                };
            };
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Failed"];
        };
    };
    postConnectionsNameTest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTest"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["NotSignedIn"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    getHealthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    getOpen: {
        parameters: {
            query: {
                t: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Opened"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    getSignedInJs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": string;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    getOpenapiJson: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    getSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInWays"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    postSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Opened"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    getSignInProvider: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    getSignInBack: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    postInvitationsRead: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invited"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postInvitationsAccept: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcceptBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postLinks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        path: string;
                    };
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    postIngestSource: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IngestAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postIngestSourceToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                source: string;
                token: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IngestAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Failed"];
        };
    };
    postV1Traces: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-protobuf": string;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postV1Logs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-protobuf": string;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postAgentsEnrol: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnrolBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postAgentsReport: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postGatewaysEnrol: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GatewayEnrolBody"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
    postGatewaysReport: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GatewayReportAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            default: components["responses"]["Failed"];
        };
    };
}
