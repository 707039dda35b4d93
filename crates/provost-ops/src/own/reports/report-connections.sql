-- Logins day by day, as the site's log has them
-- param now time = now: The time from which days are counted back
-- param since time = now-30d: Only logins from then on
select days_ago, count(*) as logins, count(distinct userid) as people
  from (select floor((:now - timecreated) / 86400) as days_ago, userid
          from {logstore_standard_log}
         where action = 'loggedin' and target = 'user' and timecreated >= :since) l
 group by days_ago
 order by days_ago
