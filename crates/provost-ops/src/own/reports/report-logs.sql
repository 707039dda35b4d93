-- What happens: events of the site's log by component
-- param since time = now-7d: Only events from then on
select component, action, count(*) as events, count(distinct userid) as people
  from {logstore_standard_log}
 where timecreated >= :since
 group by component, action
 order by events desc, component, action
